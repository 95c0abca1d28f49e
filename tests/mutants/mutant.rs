
/// Which mutant holds: appended to the crate whose sources were rewritten.
pub mod mutant {
    use std::sync::OnceLock;

    /// Whether it is this one, by the environment's `MUTANT`.
    pub fn on(number: u32) -> bool {
        static WHICH: OnceLock<u32> = OnceLock::new();
        let which = || std::env::var("MUTANT").ok().and_then(|word| word.parse().ok()).unwrap_or(0);
        *WHICH.get_or_init(which) == number
    }
}
