//! What was counted.

use std::collections::BTreeMap;

use brownout::judge::RunReport;
use brownout::rule::Verdict;

/// A client under a profile.
pub(crate) type Pair = (String, String);

/// E-values that are counted: a right client reaches each in at most its inverse of all cells.
pub(crate) const LEVELS: [f64; 4] = [2.0, 10.0, 100.0, 1_000.0];

/// Everything that was counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Right clients: by client, profile, scenario and rule.
    pub(crate) cells: BTreeMap<(Pair, String, &'static str), Cell>,
    /// Runs of right clients, by client and profile.
    pub(crate) pairs: BTreeMap<Pair, u64>,
    /// Findings that are known and explained, by client, profile, rule.
    pub(crate) known: BTreeMap<(Pair, &'static str), u64>,
    /// Mutants.
    pub(crate) mutants: BTreeMap<&'static str, Mutant>,
    /// Seeds of whole command runs.
    pub(crate) commands: Vec<u64>,
    blamed: Vec<String>,
    runs: u64,
}

/// One rule in one scenario with one client under one profile.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cell {
    /// In which the rule had something to say.
    pub(crate) runs: u64,
    /// In which it said pass or fail.
    pub(crate) decided: u64,
    pub(crate) blamed: u64,
    /// With an e-value, and how many of them reached each level.
    pub(crate) weighed: u64,
    pub(crate) reached: [u64; LEVELS.len()],
    pub(crate) highest: f64,
}

/// One mutant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mutant {
    pub(crate) rule: &'static str,
    pub(crate) scenario: String,
    pub(crate) runs: u64,
    /// By its own rule, and by that or another.
    pub(crate) own: u64,
    pub(crate) caught: u64,
    pub(crate) trials: u64,
}

impl Tally {
    /// A run of a right client. Rules in `known` are findings about it, not false alarms.
    pub(crate) fn right(
        &mut self,
        client: &str,
        profile: &str,
        scenario: &str,
        seed: u64,
        report: &RunReport,
        known: &[&str],
    ) {
        self.runs += 1;
        let pair = (client.to_owned(), profile.to_owned());
        *self.pairs.entry(pair.clone()).or_default() += 1;
        for rule in report.rules.iter().filter(|r| r.verdict != Verdict::NotApplicable) {
            let failed = rule.verdict == Verdict::Fail;
            if failed && known.contains(&rule.id) {
                *self.known.entry((pair.clone(), rule.id)).or_default() += 1;
                continue;
            }
            let cell = self.cells.entry((pair.clone(), scenario.to_owned(), rule.id)).or_default();
            cell.runs += 1;
            cell.decided += u64::from(matches!(rule.verdict, Verdict::Pass | Verdict::Fail));
            cell.blamed += u64::from(failed);
            if let Some(e_value) = rule.e_value {
                cell.weighed += 1;
                cell.highest = cell.highest.max(e_value);
                for (reached, level) in cell.reached.iter_mut().zip(LEVELS) {
                    *reached += u64::from(e_value >= level);
                }
            }
            if failed {
                self.blamed.push(format!("{client} under {profile} in {scenario} with seed {seed}: {}", rule.id));
            }
        }
    }

    /// A run of a mutant; without a report where no scenario catches it.
    pub(crate) fn wrong(&mut self, id: &'static str, rule: &'static str, scenario: &str, report: Option<&RunReport>) {
        self.runs += 1;
        let mutant = self.mutants.entry(id).or_default();
        mutant.rule = rule;
        scenario.clone_into(&mut mutant.scenario);
        mutant.runs += 1;
        let Some(report) = report else { return };
        let failed = || report.rules.iter().filter(|r| r.verdict == Verdict::Fail);
        mutant.own += u64::from(failed().any(|r| r.id == rule));
        mutant.caught += u64::from(failed().next().is_some());
        mutant.trials = mutant.trials.max(report.trials);
    }

    /// A run of the whole library, and who was blamed in it.
    pub(crate) fn command(&mut self, seed: u64, blamed: Vec<String>) {
        self.runs += 1;
        self.commands.push(seed);
        self.blamed.extend(blamed);
    }

    /// Takes in another tally.
    pub(crate) fn join(&mut self, other: Self) {
        for (key, cell) in other.cells {
            let own = self.cells.entry(key).or_default();
            own.runs += cell.runs;
            own.decided += cell.decided;
            own.blamed += cell.blamed;
            own.weighed += cell.weighed;
            own.highest = own.highest.max(cell.highest);
            own.reached.iter_mut().zip(cell.reached).for_each(|(own, more)| *own += more);
        }
        other.pairs.into_iter().for_each(|(key, n)| *self.pairs.entry(key).or_default() += n);
        other.known.into_iter().for_each(|(key, n)| *self.known.entry(key).or_default() += n);
        for (id, mutant) in other.mutants {
            let own = self.mutants.entry(id).or_default();
            *own = Mutant {
                rule: mutant.rule,
                scenario: mutant.scenario,
                runs: own.runs + mutant.runs,
                own: own.own + mutant.own,
                caught: own.caught + mutant.caught,
                trials: own.trials.max(mutant.trials),
            };
        }
        self.commands.extend(other.commands);
        self.commands.sort_unstable();
        self.blamed.extend(other.blamed);
        self.runs += other.runs;
    }

    /// How many runs there were.
    pub(crate) fn runs(&self) -> u64 {
        self.runs
    }

    /// Right clients that were blamed.
    pub(crate) fn blamed(&self) -> &[String] {
        &self.blamed
    }
}
