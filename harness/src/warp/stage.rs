//! What a warped program is started with: a private folder with the shim and the shared memory.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use brownout_shim::{Map, PRELOAD};

use super::VARIABLE;

/// The folder and what is in it, for as long as a program runs.
#[derive(Debug, Clone)]
pub struct Stage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    map: Map,
    /// Locked for as long as this brownout lives: who finds it unlocked is alone.
    _clock: File,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Makes the folder, for its owner alone. `ports` are the loopback ports that are brownout's.
    pub fn make(ports: [u16; 2]) -> std::io::Result<Self> {
        let private = std::fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("brownout-warp-").permissions(private).tempdir()?;
        let mut shim = file(&folder.path().join("warp.so"))?;
        shim.write_all(PRELOAD)?;
        let clock = file(&folder.path().join("clock"))?;
        rustix::fs::flock(&clock, rustix::fs::FlockOperation::NonBlockingLockExclusive)?;
        let map = Map::create(&clock)?;
        map.owner.store(std::process::id(), SeqCst);
        for (slot, port) in map.ports.iter().zip(ports) {
            slot.store(port.into(), SeqCst);
        }
        Ok(Self(Arc::new(Inner { map, _clock: clock, folder })))
    }

    /// The variables of a program that is to be warped; libraries that are preloaded already stay so, after ours.
    pub fn environment(&self, preloaded: Option<&str>) -> Vec<(String, String)> {
        let folder = self.0.folder.path();
        let shim = folder.join("warp.so").display().to_string();
        let preload = match preloaded {
            Some(others) if !others.is_empty() => format!("{shim}:{others}"),
            _ => shim,
        };
        vec![("LD_PRELOAD".to_owned(), preload), (VARIABLE.to_owned(), folder.display().to_string())]
    }

    /// The shared memory.
    pub(super) fn map(&self) -> &Map {
        &self.0.map
    }

    /// The named pipe by which the thread of a slot is woken while it polls.
    pub(super) fn pipe(&self, slot: usize) -> PathBuf {
        self.0.folder.path().join(format!("w{slot:05}"))
    }
}

fn file(path: &Path) -> std::io::Result<File> {
    std::fs::OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}
