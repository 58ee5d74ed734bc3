//! Printing: people read the error stream, programs the standard output.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::exit::ExitStatus;
use crate::report::{FORMATS, Format, Report, summary};
use crate::scenario::did_you_mean;

const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Text for people. A closed stream is not our trouble.
pub(super) fn people(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// A sentence that says what went wrong.
pub(super) fn error(message: &str) {
    people(&format!("{ERROR}error{ERROR:#}: {message}\n"));
}

/// Whether people see colours.
pub(super) fn coloured() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// Text for programs.
pub(super) fn programs(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// `--report FORMAT=PATH`.
#[derive(Debug, Clone)]
pub(super) struct Target {
    format: &'static Format,
    path: String,
}

/// Reads `FORMAT=PATH`; `-` is the standard output.
pub(super) fn target(text: &str) -> Result<Target, String> {
    let (name, path) = text.split_once('=').ok_or_else(|| "write `FORMAT=PATH`, for instance `json=-`".to_owned())?;
    let format = FORMATS.iter().find(|f| f.name == name).ok_or_else(|| {
        let names: Vec<&str> = FORMATS.iter().map(|f| f.name).collect();
        let hint =
            did_you_mean(name, names.iter().copied()).map_or_else(String::new, |n| format!(" Did you mean `{n}`?"));
        format!("there is no format `{name}`.{hint} There are: {}", names.join(", "))
    })?;
    if path.is_empty() {
        return Err("the path is missing; `-` is the standard output".to_owned());
    }
    Ok(Target { format, path: path.to_owned() })
}

/// Reads `--fail-under`: a score that can be reached.
pub(super) fn bar(text: &str) -> Result<f64, String> {
    let score = text.parse::<f64>().ok().filter(|s| (0.0..=100.0).contains(s));
    score.ok_or_else(|| "write a score from 0 to 100".to_owned())
}

/// Writes the reports and the last line, and says how the command ends. A report that cannot be written
/// does not hide what was found: 1 beats 2.
pub(super) fn finish(report: &Report, targets: &[Target]) -> ExitStatus {
    let mut exit = report.exit();
    if let Err(message) = write(report, targets) {
        error(&message);
        exit = exit.and(ExitStatus::Unusable);
    }
    people(&format!("{}\n", summary(report)));
    exit
}

/// Writes a report to each target.
fn write(report: &Report, targets: &[Target]) -> Result<(), String> {
    for target in targets {
        let failed =
            |e: io::Error| format!("could not write the {} report to `{}`: {e}", target.format.name, target.path);
        if target.path == "-" {
            (target.format.render)(report, &mut io::stdout().lock()).map_err(failed)?;
        } else {
            let mut file = create(Path::new(&target.path)).map_err(failed)?;
            (target.format.render)(report, &mut file).and_then(|()| file.flush()).map_err(failed)?;
        }
    }
    Ok(())
}

/// Creates a file, and the folders above it.
pub(super) fn create(path: &Path) -> io::Result<BufWriter<File>> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    File::create(path).map(BufWriter::new)
}
