//! `docs/calibration.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::play::KNOWN;
use super::tally::{Cell, LEVELS, Tally};

/// The confidence that a bound has.
const MISSED: f64 = 0.05;

/// The page.
pub(crate) fn page(tally: &Tally, first: u64, seeds: u64) -> String {
    let mut out = String::from("# Calibration\n\n");
    let _ = write!(
        out,
        "<!-- Made by `cargo bench -p brownout-benches --bench calibration -- --first {first} --seeds {seeds} --runs {} \
         --write`. -->\n\n\
         Is a right client ever blamed, and is a wrong one always caught? Each right client plays every scenario that it can\n\
         play, under the profile that documents it and under the scenario's own; each mutant plays the first scenario in\n\
         which its rule catches it. Seeds {first} to {}. A bound is what a rate of false alarms may be at most, with a\n\
         confidence of 95 % (exact, binomial); the design's constant is 10⁻⁸ per rule, scenario and client.\n",
        tally.commands.len(),
        first + seeds - 1
    );
    clients(&mut out, tally);
    rules(&mut out, tally);
    e_values(&mut out, tally);
    known(&mut out, tally);
    mutants(&mut out, tally);
    commands(&mut out, tally);
    out
}

fn row(out: &mut String, cells: &[String]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn head(out: &mut String, cells: &[&str]) {
    row(out, &cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>());
    row(out, &cells.iter().map(|_| "---".to_owned()).collect::<Vec<_>>());
}

fn clients(out: &mut String, tally: &Tally) {
    out.push_str("\n## Right clients\n\nA verdict is one rule in one run; the worst one has the highest e-value.\n\n");
    head(out, &["client", "profile", "runs", "verdicts", "false alarms", "bound", "worst"]);
    for ((client, profile), runs) in &tally.pairs {
        let cells = tally.cells.iter().filter(|((pair, ..), _)| (&pair.0, &pair.1) == (client, profile));
        let (mut verdicts, mut blamed, mut worst) = (0, 0, None::<(f64, String)>);
        for ((_, scenario, rule), cell) in cells {
            verdicts += cell.decided;
            blamed += cell.blamed;
            if cell.highest > worst.as_ref().map_or(0.0, |(e, _)| *e) {
                worst = Some((cell.highest, format!("`{rule}` in {scenario}: e = {}", short(cell.highest))));
            }
        }
        let worst = worst.map_or_else(|| "no test of chance".to_owned(), |(_, text)| text);
        row(
            out,
            &[
                client.clone(),
                format!("`{profile}`"),
                runs.to_string(),
                verdicts.to_string(),
                blamed.to_string(),
                rate(upper(blamed, verdicts)),
                worst,
            ],
        );
    }
}

fn rules(out: &mut String, tally: &Tally) {
    out.push_str("\n## Rules\n\nOver all right clients; a cell is one rule in one scenario with one client under one profile.\n\n");
    let mut by_rule: BTreeMap<&str, (u64, Cell)> = BTreeMap::new();
    for ((_, _, rule), cell) in &tally.cells {
        let (cells, sum) = by_rule.entry(rule).or_default();
        *cells += 1;
        sum.runs += cell.runs;
        sum.decided += cell.decided;
        sum.blamed += cell.blamed;
        sum.highest = sum.highest.max(cell.highest);
    }
    head(out, &["rule", "cells", "decided", "undecided", "false alarms", "bound", "highest e-value"]);
    for (rule, (cells, sum)) in by_rule {
        let highest = if sum.highest > 0.0 { short(sum.highest) } else { "–".to_owned() };
        row(
            out,
            &[
                format!("`{rule}`"),
                cells.to_string(),
                sum.decided.to_string(),
                (sum.runs - sum.decided).to_string(),
                sum.blamed.to_string(),
                rate(upper(sum.blamed, sum.decided)),
                highest,
            ],
        );
    }
}

fn e_values(out: &mut String, tally: &Tally) {
    out.push_str(
        "\n## E-values of right clients\n\nA test of chance keeps its promise if a right client reaches an e-value of 1/α in \
         at most a share of α of all runs,\nwhenever one looks: the inverse of an e-value is then a p-value that is never too \
         small. The worst rule is the one\nwith the largest share.\n\n",
    );
    let mut all = Cell::default();
    let mut by_rule: BTreeMap<&str, Cell> = BTreeMap::new();
    for ((_, _, rule), cell) in &tally.cells {
        for sum in [&mut all, by_rule.entry(rule).or_default()] {
            sum.weighed += cell.weighed;
            sum.reached.iter_mut().zip(cell.reached).for_each(|(sum, more)| *sum += more);
        }
    }
    head(out, &["e-value", "allowed share", "runs", "reached by", "share", "worst rule"]);
    for (i, level) in LEVELS.iter().enumerate() {
        let share = |cell: &Cell| cell.reached[i] as f64 / cell.weighed.max(1) as f64;
        let worst = by_rule.iter().filter(|(_, c)| c.weighed > 0).max_by(|a, b| share(a.1).total_cmp(&share(b.1)));
        let worst = worst.map_or_else(String::new, |(rule, cell)| format!("`{rule}`: {}", rate(share(cell))));
        row(
            out,
            &[
                short(*level),
                rate(1.0 / level),
                all.weighed.to_string(),
                all.reached[i].to_string(),
                rate(share(&all)),
                worst,
            ],
        );
    }
}

fn known(out: &mut String, tally: &Tally) {
    if tally.known.is_empty() {
        return;
    }
    out.push_str("\n## Findings about real clients\n\nNo false alarms: each has the line of the client's source that makes it so.\n\n");
    head(out, &["client", "profile", "rule", "runs"]);
    for (((client, profile), rule), runs) in &tally.known {
        row(out, &[client.clone(), format!("`{profile}`"), format!("`{rule}`"), runs.to_string()]);
    }
    for (client, _, why) in KNOWN {
        let _ = write!(out, "\n{client}: {why}.\n");
    }
}

fn mutants(out: &mut String, tally: &Tally) {
    out.push_str("\n## Mutants\n\nBy its own rule, and by any rule; the most trials that a verdict took.\n\n");
    head(out, &["mutant", "rule", "scenario", "runs", "by its rule", "caught", "trials"]);
    let (mut runs, mut caught) = (0, 0);
    for (id, mutant) in &tally.mutants {
        runs += mutant.runs;
        caught += mutant.caught;
        row(
            out,
            &[
                (*id).to_owned(),
                format!("`{}`", mutant.rule),
                mutant.scenario.clone(),
                mutant.runs.to_string(),
                mutant.own.to_string(),
                mutant.caught.to_string(),
                mutant.trials.to_string(),
            ],
        );
    }
    let _ = write!(out, "\nTogether {caught} of {runs} runs caught.\n");
}

fn commands(out: &mut String, tally: &Tally) {
    let (Some(first), Some(last)) = (tally.commands.first(), tally.commands.last()) else { return };
    let runs = tally.commands.len() as u64;
    let _ = write!(
        out,
        "\n## Whole runs of the command\n\n`brownout run` over the whole library with its default clients, seeds {first} to \
         {last}: {runs} runs, {} blamed; a bound of\n{} for a run in which a right client is blamed.\n",
        tally.blamed().len(),
        rate(upper(tally.blamed().len() as u64, runs))
    );
}

/// The largest rate at which so many or fewer of `n` are seen with a probability of [`MISSED`] (Clopper and Pearson).
fn upper(seen: u64, n: u64) -> f64 {
    if n == 0 || seen >= n {
        return 1.0;
    }
    let at_most = |p: f64| {
        let (mut term, mut sum) = (n as f64 * (-p).ln_1p(), 0.0);
        for k in 0..=seen {
            sum += term.exp();
            term += ((n - k) as f64 / (k + 1) as f64).ln() + p.ln() - (-p).ln_1p();
        }
        sum
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if at_most(middle) > MISSED { low = middle } else { high = middle }
    }
    high
}

/// A share, as people read it.
fn rate(share: f64) -> String {
    match share {
        s if s <= 0.0 => "0".to_owned(),
        s if s >= 0.001 => format!("{:.2} %", s * 100.0),
        s => format!("{s:.1e}"),
    }
}

/// A number with three digits that count.
fn short(number: f64) -> String {
    if number < 10_000.0 {
        format!("{number:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{number:.1e}")
    }
}
