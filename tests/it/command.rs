//! The command, as a user starts it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The command with these arguments, to be started in the repository.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_brownout-under-test"));
    command.args(arguments).current_dir(crate::tree::root()).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

/// Starts the command and waits for its end.
pub(crate) fn brownout(arguments: &[&str]) -> Said {
    run(&mut command(arguments))
}

/// Waits for a command's end.
pub(crate) fn run(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said {
        exit: output.status.code().unwrap_or_else(|| panic!("ended by a signal: {command:?}")),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// A folder for a test's files, empty at its start, below the build's own.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
