//! Who is to be watched in warp time: the processes that brownout has started itself, and the pipes to them.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The processes and the pipes of a play. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Company(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    /// Counted up with each process that comes or goes.
    changes: u64,
    roots: Vec<(u64, u32)>,
    pipes: Vec<(u64, OwnedFd)>,
}

impl Company {
    /// A process that was just started, by the thread that serves it. It is watched for as long as what is returned
    /// lives.
    pub fn joins(&self, pid: u32) -> Member {
        let mut inner = self.lock();
        inner.next += 1;
        inner.changes += 1;
        let id = inner.next;
        inner.roots.push((id, pid));
        Member { company: self.clone(), id }
    }

    /// A pipe into a process, for as long as what is returned lives: bytes in it that the process has not read are
    /// under way. The descriptor is one of the pipe's own; closing the pipe takes to drop what is returned, too.
    pub fn pipe(&self, pipe: Option<OwnedFd>) -> Unread {
        let mut inner = self.lock();
        inner.next += 1;
        let id = inner.next;
        inner.pipes.extend(pipe.map(|pipe| (id, pipe)));
        Unread(Member { company: self.clone(), id })
    }

    /// How often processes have come or gone, and which there are.
    #[cfg(target_os = "linux")]
    pub(super) fn roots(&self) -> (u64, Vec<u32>) {
        let inner = self.lock();
        (inner.changes, inner.roots.iter().map(|(_, pid)| *pid).collect())
    }

    /// Whether there is no process now.
    #[cfg(target_os = "linux")]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().roots.is_empty()
    }

    /// How often processes have come or gone.
    #[cfg(target_os = "linux")]
    pub(super) fn changes(&self) -> u64 {
        self.lock().changes
    }

    /// How many bytes lie unread in each pipe.
    #[cfg(target_os = "linux")]
    pub(super) fn unread(&self) -> Vec<u64> {
        self.lock().pipes.iter().map(|(_, pipe)| rustix::io::ioctl_fionread(pipe).unwrap_or(0)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process that is watched.
#[derive(Debug)]
pub struct Member {
    company: Company,
    id: u64,
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut inner = self.company.lock();
        let before = inner.roots.len();
        inner.roots.retain(|(id, _)| *id != self.id);
        inner.changes += u64::from(inner.roots.len() != before);
        inner.pipes.retain(|(id, _)| *id != self.id);
    }
}

/// A pipe whose unread bytes count.
#[derive(Debug)]
pub struct Unread(#[expect(dead_code, reason = "it is there to be dropped")] Member);

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn bytes_in_a_pipe_are_seen_until_they_are_read() {
        let company = Company::default();
        let (mut reader, mut writer) = std::io::pipe().unwrap();
        let unread = company.pipe(Some(OwnedFd::from(writer.try_clone().unwrap())));
        assert_eq!(company.unread(), [0]);
        writer.write_all(b"hello\n").unwrap();
        assert_eq!(company.unread(), [6]);
        reader.read_exact(&mut [0; 4]).unwrap();
        assert_eq!(company.unread(), [2]);
        drop((unread, writer));
        assert!(company.unread().is_empty());
        let mut rest = Vec::new();
        assert_eq!(reader.read_to_end(&mut rest).unwrap(), 2, "nobody keeps the pipe open");
    }

    #[test]
    fn who_comes_and_goes_is_counted() {
        let company = Company::default();
        let (first, second) = (company.joins(7), company.joins(9));
        assert_eq!(company.roots(), (2, vec![7, 9]));
        drop(first);
        assert_eq!(company.roots(), (3, vec![9]));
        drop(second);
        assert_eq!(company.changes(), 4);
    }
}
