//! Compiles the library that is preloaded into a client, with the compiler that builds everything else.
//!
//! It has no dependency and no standard library, so one call of `rustc` makes it. Where warp time is not to be had, or
//! the call fails, an empty file stands in its place, and brownout says that it has no warp time.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=preload");
    println!("cargo:rerun-if-changed=src/layout.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let out = PathBuf::from(variable("OUT_DIR")).join("warp.so");
    let known = matches!(variable("CARGO_CFG_TARGET_ARCH").as_str(), "x86_64" | "aarch64");
    let there = variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "gnu" && known;
    let made = there && compile(&variable("RUSTC"), &variable("TARGET"), &out);
    if !made && let Err(error) = std::fs::write(&out, b"") {
        println!("cargo:warning=could not write {}: {error}", out.display());
    }
}

fn compile(rustc: &str, target: &str, out: &Path) -> bool {
    let mut command = Command::new(rustc);
    command.args(["--edition", "2024", "--crate-type", "cdylib", "--crate-name", "warp", "--target", target]);
    // What a preloaded library cannot have: a start-up of its own, unwinding, or symbols that must be there at once.
    for option in ["panic=abort", "opt-level=3", "overflow-checks=off", "debuginfo=0", "lto=fat", "codegen-units=1"] {
        command.args(["-C", option]);
    }
    command.args(["-C", "relro-level=partial", "-C", "strip=symbols"]);
    command.args(["-C", "link-arg=-nostdlib", "-C", "link-arg=-nostartfiles", "-C", "link-arg=-Wl,-z,lazy"]);
    command.arg("-o").arg(out).arg("preload/lib.rs");
    if let Ok(linker) = std::env::var("RUSTC_LINKER") {
        command.arg("-C").arg(format!("linker={linker}"));
    }
    match command.output() {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let first = text.lines().find(|l| l.starts_with("error")).unwrap_or("no reason given").to_owned();
            println!("cargo:warning=there will be no warp time: its shim could not be compiled ({first})");
            false
        }
        Err(error) => {
            println!("cargo:warning=there will be no warp time: `{rustc}` could not be started ({error})");
            false
        }
    }
}
