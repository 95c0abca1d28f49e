//! What does an attacker gain? Each shape is played with N and with 4N packets or connections, in a process of its own:
//! memory (RssAnon) at its end and processor time per packet. Linear means: both sizes cost the same per packet, and memory
//! stands still or grows with what the limits of EDGE_CASES A10 allow. `cargo bench -p zertap-core --bench attacks [SHAPE [N]]`

#[path = "attacks/packets.rs"]
mod packets;
#[path = "attacks/shapes.rs"]
mod shapes;

use packets::Attacker;
use shapes::SHAPES;
use std::process::Command;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|each| each != "--bench").collect();
    match &arguments[..] {
        [shape, size, child] if child == "child" => play(shape, size.parse().expect("a number")),
        [] => SHAPES.iter().for_each(|shape| table(shape.name, shape.size)),
        [name] => SHAPES
            .iter()
            .filter(|shape| shape.name.contains(name.as_str()))
            .for_each(|shape| table(shape.name, shape.size)),
        [name, size, ..] => table(name, size.parse().expect("a number")),
    }
}

/// One line of the table: the shape with N and 4N.
fn table(name: &str, size: u32) {
    let [small, large] = [size, 4 * size].map(|size| {
        let program = std::env::current_exe().expect("this program");
        let done = Command::new(program).args([name, &size.to_string(), "child"]).output().expect("a run");
        assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    });
    println!("| {name} | {size} | {small} | {} | {large} |", 4 * size);
}

/// Plays a shape and prints what it cost.
fn play(name: &str, size: u32) {
    let shape = SHAPES.iter().find(|shape| shape.name == name).expect("a shape");
    let mut attacker = Attacker::default();
    let before = (anonymous_kib(), cpu_milliseconds());
    (shape.play)(&mut attacker, size);
    let grown = anonymous_kib().saturating_sub(before.0) / 1024;
    let spent = cpu_milliseconds() - before.1;
    attacker.settle();
    let each = spent * 1_000_000 / attacker.pushed();
    println!("{grown} MiB | {each} ns");
}

/// Memory of this process that no file backs.
fn anonymous_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).expect("RssAnon");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

/// Processor time of this process, user and system; clock ticks of 10 ms.
fn cpu_milliseconds() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    [11, 12].iter().map(|at| fields[*at].parse::<u64>().expect("ticks") * 10).sum()
}
