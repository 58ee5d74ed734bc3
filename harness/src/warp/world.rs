//! Everybody who lives on the warped clock: the client's processes with their threads, and brownout's own thread.
//!
//! [`World::look`] answers one question: was there a moment, just now, in which every thread was asleep and none had
//! been woken? It reads each thread's state between two readings of what it has done: a thread of the shim counts its
//! waits, and the kernel counts how often any other has run. If neither has changed, nobody did anything between the
//! first reading of the last thread and the second of the first; and a thread that somebody had woken before would
//! have been seen awake.

use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use brownout_mocks::clock::Stopwatch;
use brownout_shim::layout::{NEVER, Shared, kind};

use super::company::Company;
use super::task::{Sleep, State, Task};

/// How long a process may take to load the shim before it is one without.
const YOUNG: Duration = Duration::from_millis(100);

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Look {
    /// Somebody is at work, or may be.
    Busy,
    /// Everybody sleeps, one of them perhaps until a time that cannot be seen. Why, in a sentence.
    Held(String),
    /// Everybody sleeps.
    Quiet,
}

/// A thread that waits in the shim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) slot: usize,
    pub(super) tid: u32,
    pub(super) kind: u32,
    pub(super) deadline: i64,
    epoch: u32,
    frame: u64,
}

#[derive(Debug)]
struct Process {
    pid: u32,
    since: Stopwatch,
    generation: u32,
    /// Which file it runs, as of that generation.
    program: Option<(u64, u64)>,
    tasks: Vec<Task>,
}

/// The client's processes, and this thread.
#[derive(Debug)]
pub(super) struct World {
    company: Company,
    /// How often processes had come or gone when the lists were made.
    changes: u64,
    me: Option<Task>,
    processes: Vec<Process>,
    /// The newest process id of the machine when the lists were made.
    newest: Option<String>,
}

impl World {
    /// The world of some clients and of brownout's own thread that serves them.
    pub(super) fn new(company: Company, server: u32) -> Self {
        Self { company, changes: 0, me: Task::open(std::process::id(), server), processes: Vec::new(), newest: None }
    }

    /// Who waits in the shim, in the order of the slots.
    pub(super) fn waiting(shared: &Shared) -> Vec<Waiting> {
        let high = shared.slots.len().min(shared.high.load(SeqCst) as usize);
        let mut waiting: Vec<Waiting> = Vec::with_capacity(high);
        for (index, slot) in shared.slots.iter().enumerate().take(high) {
            let epoch = slot.epoch.load(SeqCst);
            let tid = slot.tid.load(SeqCst);
            if tid != 0 && epoch % 2 == 1 {
                let (kind, deadline) = (slot.kind.load(SeqCst), slot.deadline.load(SeqCst));
                waiting.push(Waiting { slot: index, tid, kind, deadline, epoch, frame: slot.frame.load(SeqCst) });
            }
        }
        waiting
    }

    /// A number that changes when somebody has done something, cheap to have.
    pub(super) fn pulse(&self, shared: &Shared) -> u64 {
        let mut pulse = 0u64;
        let mut mix = |n: u64| pulse = (pulse ^ n).wrapping_mul(0x100_0000_01b3).rotate_left(23);
        let waiting = Self::waiting(shared);
        for w in &waiting {
            mix(u64::from(w.epoch) << 32 | u64::from(w.tid));
        }
        let bare = self.processes.iter().flat_map(|p| &p.tasks).filter(|t| !waiting.iter().any(|w| w.tid == t.tid));
        for task in bare.chain(&self.me) {
            mix(task.turns().unwrap_or_default());
        }
        pulse
    }

    /// Looks at everybody.
    pub(super) fn look(&mut self, shared: &Shared) -> Look {
        let newest = newest();
        if newest.is_none() || newest != self.newest || self.changes != self.company.changes() {
            self.refresh(shared);
            self.newest.clone_from(&newest);
        }
        let before = Self::waiting(shared);
        let waits = |tid: u32| before.iter().any(|w| w.tid == tid);
        // First those who do not wait in the shim: how often have they run, and do they sleep?
        let mut bare = Vec::new();
        let mut lives = !before.is_empty() || self.company.is_empty();
        for (at, process) in self.processes.iter().enumerate() {
            for (index, task) in process.tasks.iter().enumerate().filter(|(_, t)| !waits(t.tid)) {
                let turns = task.turns();
                match (task.state(), turns) {
                    (State::Asleep, Some(turns)) => {
                        lives = true;
                        bare.push((at, index, turns));
                    }
                    (State::Gone, _) => {}
                    _ => return Look::Busy,
                }
            }
        }
        // The client has ended, and brownout will hear of it: nothing is left to skip time for. Where nobody is there at
        // all, brownout waits to start the next.
        if !lives {
            return Look::Busy;
        }
        let Some(me) = &self.me else { return Look::Held("the state of a thread cannot be read from /proc".into()) };
        let Some(mine) = me.turns().filter(|_| me.state() == State::Asleep) else { return Look::Busy };
        // Then everybody: do they sleep now?
        for task in self.processes.iter().flat_map(|p| &p.tasks).filter(|t| waits(t.tid)) {
            if task.state() != State::Asleep {
                return Look::Busy;
            }
        }
        for (at, index, turns) in &bare {
            let task = &self.processes[*at].tasks[*index];
            if task.state() != State::Asleep || task.turns() != Some(*turns) {
                return Look::Busy;
            }
        }
        if me.state() != State::Asleep || me.turns() != Some(mine) {
            return Look::Busy;
        }
        // And nobody has begun or ended a wait meanwhile, or a thread.
        if Self::waiting(shared) != before || self::newest() != newest || self.company.changes() != self.changes {
            return Look::Busy;
        }
        if let Some(unknown) = before.iter().find(|w| !self.knows(w.tid)) {
            release(shared, unknown);
            self.newest = None;
            return Look::Busy;
        }
        self.unseen(shared, &bare).unwrap_or(Look::Quiet)
    }

    fn knows(&self, tid: u32) -> bool {
        self.processes.iter().flat_map(|p| &p.tasks).any(|t| t.tid == tid)
    }

    /// Whether somebody sleeps whose waking nobody here can foresee.
    fn unseen(&mut self, shared: &Shared, bare: &[(usize, usize, u64)]) -> Option<Look> {
        for process in &mut self.processes {
            let generation = generation(shared, process.pid);
            let program = program(process.pid);
            if generation != Some(process.generation) {
                process.generation = generation.unwrap_or_default();
                process.program = program;
            }
            let without = generation.is_none() || program != process.program;
            if without && process.tasks.iter().any(|t| t.state() != State::Gone) {
                if process.since.elapsed() < YOUNG {
                    return Some(Look::Busy);
                }
                let name = process.tasks.first().map(Task::name).unwrap_or_default();
                return Some(Look::Held(format!(
                    "`{name}` has not loaded the shim, and may sleep by the machine's clock"
                )));
            }
        }
        for (at, index, turns) in bare {
            let task = &mut self.processes[*at].tasks[*index];
            if task.sleeps_for(*turns) == Sleep::Unseen {
                let name = task.name();
                return Some(Look::Held(format!(
                    "the thread `{name}` sleeps by a system call of its own, which the shim does not see"
                )));
            }
        }
        None
    }

    /// Makes the lists anew: the client, whoever has the shim, and all their children.
    fn refresh(&mut self, shared: &Shared) {
        let (changes, mut pids) = self.company.roots();
        self.changes = changes;
        for record in &shared.processes {
            let pid = record.pid.load(SeqCst);
            if pid == 0 {
                continue;
            }
            if std::path::Path::new(&format!("/proc/{pid}")).exists() {
                if !pids.contains(&pid) {
                    pids.push(pid);
                }
            } else {
                record.alarm.store(NEVER, SeqCst);
                record.pid.store(0, SeqCst);
            }
        }
        let mut old = std::mem::take(&mut self.processes);
        let mut at = 0;
        while let Some(pid) = pids.get(at).copied() {
            at += 1;
            let tids = tids(pid);
            let known = old.iter().position(|p| p.pid == pid).map(|at| old.swap_remove(at));
            let mut process = known.unwrap_or_else(|| {
                let since = Stopwatch::start();
                Process { pid, since, generation: 0, program: None, tasks: Vec::new() }
            });
            process.tasks.retain(|t| tids.contains(&t.tid));
            for tid in tids {
                if !process.tasks.iter().any(|t| t.tid == tid) {
                    process.tasks.extend(Task::open(pid, tid));
                }
                for child in children(pid, tid) {
                    if !pids.contains(&child) {
                        pids.push(child);
                    }
                }
            }
            self.processes.push(process);
        }
    }
}

/// Frees the slot of a thread that is no more; one that lives is only new.
pub(super) fn release(shared: &Shared, waiting: &Waiting) {
    let slot = &shared.slots[waiting.slot];
    let gone = !std::path::Path::new(&format!("/proc/{}", waiting.tid)).exists();
    if gone && slot.epoch.compare_exchange(waiting.epoch, waiting.epoch.wrapping_add(1), SeqCst, SeqCst).is_ok() {
        slot.tid.store(0, SeqCst);
    }
}

/// The deadlines that can be met by waking somebody, with the slot where it waits. Of two waits of one thread, a
/// signal's handler has interrupted one, which cannot end before the other.
pub(super) fn timed(waiting: &[Waiting]) -> impl Iterator<Item = &Waiting> {
    waiting.iter().filter(|w| {
        let inner = |other: &&Waiting| other.tid == w.tid && other.frame < w.frame;
        w.deadline != NEVER && w.kind != kind::UNTIMED && !waiting.iter().any(|other| inner(&other))
    })
}

/// The newest process or thread of the machine; every new one changes it.
fn newest() -> Option<String> {
    let load = std::fs::read_to_string("/proc/loadavg").ok()?;
    load.split_whitespace().last().map(str::to_owned)
}

fn generation(shared: &Shared, pid: u32) -> Option<u32> {
    let record = shared.processes.iter().find(|p| p.pid.load(SeqCst) == pid)?;
    Some(record.generation.load(SeqCst))
}

fn program(pid: u32) -> Option<(u64, u64)> {
    let file = std::fs::metadata(format!("/proc/{pid}/exe")).ok()?;
    Some((file.dev(), file.ino()))
}

fn tids(pid: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok()).collect()
}

fn children(pid: u32, tid: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}
