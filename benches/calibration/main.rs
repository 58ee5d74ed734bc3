//! Is a right client ever blamed, and is a wrong one always caught?
//!
//! Plays every right client in every scenario that it can play, under the profile that documents it and under
//! `documented`, and every mutant in a scenario that catches it, over the seeds that whoever runs it chooses:
//!
//! ```text
//! cargo bench -p brownout-benches --bench calibration -- --first 1 --seeds 20 --write
//! ```
//!
//! `--runs N` adds N runs of the whole library as the command plays it, with the default clients. `--write` puts the page
//! into `docs/calibration.md`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its figures")]

use std::sync::atomic::{AtomicU64, Ordering};

use brownout_mocks::clock::Stopwatch;

mod page;
mod play;
mod tally;

use play::{Task, tasks};
use tally::Tally;

/// What the command line asks for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    first: u64,
    seeds: u64,
    runs: u64,
    write: bool,
}

fn asked() -> Asked {
    let mut asked = Asked { first: 1, seeds: 5, runs: 0, write: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || {
            let number = words.next().and_then(|n| n.parse().ok());
            number.unwrap_or_else(|| panic!("`{word}` takes a number"))
        };
        match word.as_str() {
            "--first" => asked.first = number(),
            "--seeds" => asked.seeds = number(),
            "--runs" => asked.runs = number(),
            "--write" => asked.write = true,
            // cargo's own.
            "--bench" => {}
            other => panic!("there is no `{other}`; there are --first, --seeds, --runs and --write"),
        }
    }
    asked
}

fn main() {
    let asked = asked();
    let watch = Stopwatch::start();
    let tasks = tasks(asked.first, asked.seeds, asked.runs);
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let work = || {
            let mut tally = Tally::default();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let Some(task) = usize::try_from(n).ok().and_then(|n| tasks.get(n)) else { return tally };
                tell(&watch, n, tasks.len());
                Task::play(task, &mut tally);
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            tally.join(worker.join().expect("a worker ends"));
        }
    });
    let page = page::page(&tally, asked.first, asked.seeds);
    println!("{page}");
    println!("{} runs in {:.0} s", tally.runs(), watch.elapsed().as_secs_f64());
    if asked.write {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/calibration.md");
        std::fs::write(path, page).expect("docs/calibration.md is written");
    }
    let blamed = tally.blamed();
    assert!(blamed.is_empty(), "right clients were blamed: {blamed:#?}");
}

/// A line now and then, for whoever waits.
fn tell(watch: &Stopwatch, done: u64, all: usize) {
    if done > 0 && done.is_multiple_of(2_000) {
        eprintln!("{done} of {all} runs, {:.0} s", watch.elapsed().as_secs_f64());
    }
}
