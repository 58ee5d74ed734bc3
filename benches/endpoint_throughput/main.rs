//! What the endpoint costs over TCP: requests a second and CPU-µs a request, against a bare hyper server
//! and against wiremock, all in one run.
//!
//! Each server has a thread and a current-thread runtime of its own, on core 0; the load comes from core 1
//! over kept-alive connections. All give the same fixed answer. The endpoint plays a scenario of twenty
//! steps, of which nineteen look at the request and let it go, and keeps its journal in memory or writes
//! it as JSON Lines. Servers take turns for a bounded number of requests, in rounds; a ratio is the median
//! over the rounds.
//!
//! `cargo bench -p brownout-benches --bench endpoint_throughput`
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run stops")]

use brownout_benches::{Spread, cpu, median, ratio, verdict};

mod load;
mod servers;

use servers::Server;

/// Rounds: so many alternating pairs of any two servers.
const ROUNDS: usize = 13;
/// Requests of one turn.
const REQUESTS: u32 = 12_000;

/// What was measured of one server, one value a round.
#[derive(Default)]
struct Measured {
    per_second: Vec<f64>,
    cpu_us: Vec<f64>,
}

fn main() {
    if !std::env::args().any(|a| a == "--bench") {
        // `cargo test --benches` only asks whether it starts.
        return;
    }
    let servers = [Server::hyper(), Server::endpoint(false), Server::endpoint(true), Server::wiremock()];
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let pinned = cores > 1 && cpu::pin(None, 1) && servers.iter().all(|s| s.pin(0));
    println!("{ROUNDS} rounds of {REQUESTS} requests, {} connections, pinned: {pinned}", load::CONNECTIONS);

    for server in &servers {
        load::run(server.address, REQUESTS / 4);
        server.forget();
    }
    let mut measured: [Measured; 4] = Default::default();
    for round in 0..ROUNDS {
        for turn in 0..servers.len() {
            let index = (round + turn) % servers.len();
            let server = &servers[index];
            let before = server.cpu();
            let took = load::run(server.address, REQUESTS);
            let cpu = server.cpu().saturating_sub(before);
            server.forget();
            measured[index].per_second.push(f64::from(REQUESTS) / took.as_secs_f64());
            measured[index].cpu_us.push(cpu.as_secs_f64() * 1e6 / f64::from(REQUESTS));
        }
    }
    report(&servers, &measured);
}

fn report(servers: &[Server; 4], measured: &[Measured; 4]) {
    println!("\n{:<20} {:>12} {:>16}", "server", "requests/s", "CPU-µs/request");
    for (server, m) in servers.iter().zip(measured) {
        println!("{:<20} {:>12.0} {:>16.1}", server.name, median(&m.per_second), median(&m.cpu_us));
    }
    let [hyper, memory, jsonl, wiremock] = measured;
    let rows: [(&str, &Measured, &Measured, f64); 3] = [
        ("endpoint/hyper, journal in memory", memory, hyper, 0.90),
        ("endpoint/hyper, writing JSONL", jsonl, hyper, 0.80),
        ("endpoint/wiremock, journal in memory", memory, wiremock, 1.5),
    ];
    println!("\n{:<38} {:>20} {:>20}   goal", "ratio (quartiles)", "requests/s", "CPU-µs/request");
    for (name, a, b, goal) in rows {
        let (speed, cpu): (Spread, Spread) = (ratio(&a.per_second, &b.per_second), ratio(&a.cpu_us, &b.cpu_us));
        let (speed_text, cpu_text) = (speed.to_string(), cpu.to_string());
        println!("{name:<38} {speed_text:>20} {cpu_text:>20}   ≥ {goal:.2} {}", verdict(speed.median >= goal));
    }
}
