//! Timers with a descriptor: the kernel counts them down by the machine's clock, so brownout arms them anew whenever the
//! warped one has jumped, by a descriptor of its own for each.

use std::collections::BTreeMap;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::Ordering::SeqCst;

use brownout_shim::layout::{NEVER, Shared};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};

/// The timers that run, by their place in the shared memory.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeMap<usize, Timer>);

#[derive(Debug)]
struct Timer {
    fd: OwnedFd,
    /// Where the client sees it.
    link: String,
    /// How often it had been set when it was last looked at.
    set: u32,
    deadline: i64,
    every: i64,
}

impl Timers {
    /// Hears of timers that were set, and forgets those whose descriptor is closed.
    pub(super) fn follow(&mut self, shared: &Shared) {
        for (at, record) in shared.timers.iter().enumerate() {
            let pid = record.pid.load(SeqCst);
            if pid == 0 {
                continue;
            }
            let (fd, set) = (record.fd.load(SeqCst), record.set.load(SeqCst));
            if self.0.get(&at).is_some_and(|known| known.set == set) {
                continue;
            }
            let link = format!("/proc/{pid}/fd/{fd}");
            let (deadline, every) = (record.deadline.load(SeqCst), record.every.load(SeqCst));
            let got = || {
                let process = pidfd_open(Pid::from_raw(pid.cast_signed())?, PidfdFlags::empty()).ok()?;
                pidfd_getfd(process, fd.cast_signed(), PidfdGetfdFlags::empty()).ok()
            };
            match got() {
                Some(fd) => {
                    self.0.insert(at, Timer { fd, link, set, deadline, every });
                }
                None if !std::path::Path::new(&format!("/proc/{pid}")).exists() => record.pid.store(0, SeqCst),
                None => {}
            }
        }
    }

    /// When each is due next, on the shifted clock. A timer whose descriptor is closed is due no more.
    pub(super) fn due(&mut self, now: i64) -> Vec<i64> {
        self.0.retain(|_, timer| {
            std::fs::read_link(&timer.link).is_ok_and(|kind| kind.as_os_str() == "anon_inode:[timerfd]")
        });
        self.0.values_mut().map(|timer| timer.next(now)).collect()
    }

    /// Arms them for what is left after a jump.
    pub(super) fn moved(&mut self, now: i64) {
        for timer in self.0.values_mut().filter(|t| t.deadline != NEVER) {
            let left = timer.deadline.saturating_sub(now).max(1);
            let new = Itimerspec { it_interval: spec(timer.every), it_value: spec(left) };
            let _ = timerfd_settime(timer.fd.as_fd(), TimerfdTimerFlags::empty(), &new);
        }
    }
}

impl Timer {
    /// When it is due next: one that has rung rings again after its interval, or never.
    fn next(&mut self, now: i64) -> i64 {
        if self.deadline < now {
            self.deadline = match self.every {
                0 => NEVER,
                every => self.deadline.saturating_add((now - self.deadline) / every * every).saturating_add(every),
            };
        }
        self.deadline
    }
}

fn spec(nanos: i64) -> Timespec {
    Timespec { tv_sec: nanos / 1_000_000_000, tv_nsec: nanos % 1_000_000_000 }
}
