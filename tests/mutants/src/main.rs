//! Puts every mutant of the files named into them, each behind a number: `mutants FILE...` rewrites the files and lists
//! the mutants, one a line: number, file, line, what is changed.
//!
//! One build then serves all of them: `crate::mutant::on(17)` holds where the environment says `MUTANT=17`. The changes are
//! those of cargo-mutants: another operator, a `!` left out, a function that answers at once, an arm of a match left out,
//! a guard that always or never holds. What stands in macros, constants and tests is left as it is.

use quote::quote;
use std::fs;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Arm, BinOp, Block, Expr, ExprBinary, ExprMatch, ImplItemFn, ItemConst, ItemFn, ItemMod, ItemStatic, Pat,
};
use syn::{ImplItemConst, ReturnType, Signature, Type, parse_quote, spanned::Spanned};

fn main() {
    let mut number = 0;
    for path in std::env::args().skip(1) {
        let source = fs::read_to_string(&path).expect("a source file");
        let mut file = syn::parse_file(&source).expect("a source of Rust");
        let mut mutator = Mutator { path: path.clone(), number };
        mutator.visit_file_mut(&mut file);
        number = mutator.number;
        fs::write(&path, quote!(#file).to_string()).expect("the file written");
    }
}

struct Mutator {
    path: String,
    number: u32,
}

impl Mutator {
    /// The condition under which a new mutant holds.
    fn on(&mut self, at: proc_macro2::Span, what: &str) -> Expr {
        self.number += 1;
        let number = self.number;
        println!("{number}\t{}\t{}\t{what}", self.path, at.start().line);
        parse_quote!(crate::mutant::on(#number))
    }

    /// Answers that a function may give at once.
    fn answer(&mut self, signature: &mut Signature, block: &mut Block) {
        // What asks the environment is no constant.
        signature.constness = None;
        let at = signature.ident.span();
        let answers: Vec<Expr> = match &signature.output {
            ReturnType::Default => vec![parse_quote!(())],
            ReturnType::Type(_, kind) => answers(kind),
        };
        for answer in answers.into_iter().rev() {
            let on = self.on(at, &format!("{} answers {}", signature.ident, quote!(#answer)));
            block.stmts.insert(0, parse_quote!(if #on { return #answer; }));
        }
    }
}

fn answers(kind: &Type) -> Vec<Expr> {
    let name = quote!(#kind).to_string();
    match name.as_str() {
        "bool" => vec![parse_quote!(true), parse_quote!(false)],
        "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" => vec![parse_quote!(0), parse_quote!(1)],
        "& [u8]" => vec![parse_quote!(&[])],
        _ if name.starts_with("Option <") => vec![parse_quote!(None)],
        _ => vec![],
    }
}

/// The operators that may stand in the place of another.
fn others(op: &BinOp) -> Vec<BinOp> {
    match op {
        BinOp::Eq(_) => vec![parse_quote!(!=)],
        BinOp::Ne(_) => vec![parse_quote!(==)],
        BinOp::And(_) => vec![parse_quote!(||)],
        BinOp::Or(_) => vec![parse_quote!(&&)],
        BinOp::Lt(_) => vec![parse_quote!(==), parse_quote!(>), parse_quote!(<=)],
        BinOp::Gt(_) => vec![parse_quote!(==), parse_quote!(<), parse_quote!(>=)],
        BinOp::Le(_) => vec![parse_quote!(>)],
        BinOp::Ge(_) => vec![parse_quote!(<)],
        BinOp::Add(_) => vec![parse_quote!(-), parse_quote!(*)],
        BinOp::Sub(_) => vec![parse_quote!(+), parse_quote!(/)],
        BinOp::Mul(_) => vec![parse_quote!(+), parse_quote!(/)],
        BinOp::Div(_) => vec![parse_quote!(%), parse_quote!(*)],
        BinOp::Rem(_) => vec![parse_quote!(/), parse_quote!(+)],
        BinOp::BitAnd(_) => vec![parse_quote!(|), parse_quote!(^)],
        BinOp::BitOr(_) => vec![parse_quote!(&), parse_quote!(^)],
        BinOp::BitXor(_) => vec![parse_quote!(&), parse_quote!(|)],
        BinOp::Shl(_) => vec![parse_quote!(>>)],
        BinOp::Shr(_) => vec![parse_quote!(<<)],
        BinOp::AddAssign(_) => vec![parse_quote!(-=), parse_quote!(*=)],
        BinOp::SubAssign(_) => vec![parse_quote!(+=), parse_quote!(/=)],
        BinOp::BitAndAssign(_) => vec![parse_quote!(|=)],
        BinOp::BitOrAssign(_) => vec![parse_quote!(&=), parse_quote!(^=)],
        _ => vec![],
    }
}

/// Whether a pattern is bound somewhere in this condition: it stays a condition.
fn binds(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(both) => binds(&both.left) || binds(&both.right),
        Expr::Paren(inner) => binds(&inner.expr),
        _ => false,
    }
}

impl VisitMut for Mutator {
    fn visit_item_mod_mut(&mut self, node: &mut ItemMod) {
        if node.ident != "tests" {
            visit_mut::visit_item_mod_mut(self, node);
        }
    }

    fn visit_item_const_mut(&mut self, _: &mut ItemConst) {}

    fn visit_impl_item_const_mut(&mut self, _: &mut ImplItemConst) {}

    fn visit_item_static_mut(&mut self, _: &mut ItemStatic) {}

    fn visit_attribute_mut(&mut self, _: &mut syn::Attribute) {}

    fn visit_type_mut(&mut self, _: &mut Type) {}

    fn visit_pat_mut(&mut self, _: &mut Pat) {}

    fn visit_variant_mut(&mut self, _: &mut syn::Variant) {}

    fn visit_item_fn_mut(&mut self, node: &mut ItemFn) {
        visit_mut::visit_block_mut(self, &mut node.block);
        self.answer(&mut node.sig, &mut node.block);
    }

    fn visit_impl_item_fn_mut(&mut self, node: &mut ImplItemFn) {
        visit_mut::visit_block_mut(self, &mut node.block);
        self.answer(&mut node.sig, &mut node.block);
    }

    fn visit_expr_match_mut(&mut self, node: &mut ExprMatch) {
        visit_mut::visit_expr_match_mut(self, node);
        let rest = |arm: &Arm| matches!(arm.pat, Pat::Wild(_)) && arm.guard.is_none();
        let total = node.arms.iter().any(rest);
        for arm in &mut node.arms {
            let at = arm.pat.span();
            if let Some((_, guard)) = &mut arm.guard {
                if !binds(guard) {
                    let (always, never) = (self.on(at, "guard is true"), self.on(at, "guard is false"));
                    **guard = parse_quote!(#always || (!#never && (#guard)));
                }
            } else if total && !rest(arm) {
                let gone = self.on(at, "arm is left out");
                arm.guard = Some((syn::token::If(at), parse_quote!(!#gone)));
            }
        }
    }

    fn visit_expr_mut(&mut self, node: &mut Expr) {
        visit_mut::visit_expr_mut(self, node);
        match node {
            Expr::Binary(both) if !binds(&both.left) && !binds(&both.right) => {
                let ExprBinary { left, right, op, .. } = &*both;
                let mut whole: Expr = parse_quote!(#left #op #right);
                for other in others(op) {
                    let on = self.on(op.span(), &format!("{} for {}", quote!(#other), quote!(#op)));
                    whole = parse_quote!(if #on { #left #other #right } else { #whole });
                }
                *node = parse_quote!((#whole));
            }
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Not(_)) => {
                let (on, inner) = (self.on(unary.op.span(), "! left out"), &unary.expr);
                *node = parse_quote!((if #on { #inner } else { !#inner }));
            }
            _ => {}
        }
    }
}
