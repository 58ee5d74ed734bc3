"""What the suite plays with: the command under test, and the SDKs, each installed or built as its lock file says."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NODE_FILES = ("package.json", "package-lock.json", "js_client.mjs", "verdict_js.mjs")

# Cargo features of rust/, separated by commas: `ec2` is left to those who have the minutes (.ci/long).
RUST_FEATURES = os.environ.get("BROWNOUT_INTEROP_RUST_FEATURES", "")


def built(words, folder):
    """Builds with cargo; gives the command that came out. Cargo itself says where it is."""
    done = subprocess.run(
        ["cargo", "build", *words, "--message-format=json-render-diagnostics"],
        cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    return [m["executable"] for m in map(json.loads, done.stdout.splitlines()) if m.get("executable")][-1]


def brownout_binary():
    """The command to test; built if nobody says where it is."""
    if named := os.environ.get("BROWNOUT"):
        return str(pathlib.Path(named).resolve())
    return built(["-p", "brownout", "--bin", "brownout"], ROOT)


def rust_client(folder):
    """The client of the SDK for Rust. It is built again only where something has changed: cargo sees to that."""
    # Beside what cargo builds otherwise, so that whoever keeps that folder keeps this one; never in the repository
    # of its own accord.
    beside = os.environ.get("CARGO_TARGET_DIR")
    target = pathlib.Path(beside) / "interop-rust" if beside else folder / "interop-rust"
    return built(["--locked", "--target-dir", str(target.resolve()), "--features", RUST_FEATURES], HERE / "rust")


def install(folder):
    """boto3 in a venv, the JS SDK in node_modules. Done again only if what is asked for has changed."""
    wanted = hashlib.sha256()
    for name in ("requirements.txt", "package.json", "package-lock.json"):
        wanted.update((HERE / name).read_bytes())
    stamp = folder / "installed"
    for name in NODE_FILES:
        # Node looks for packages beside the file that asks for them.
        shutil.copy(HERE / name, folder / name)
    if stamp.exists() and stamp.read_text() == wanted.hexdigest():
        return
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder / "venv"], **quiet)
    pip = [folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", HERE / "requirements.txt"], **quiet)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, **quiet)
    stamp.write_text(wanted.hexdigest())
