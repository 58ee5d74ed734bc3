//! The `brownout` command, for tests that start it.

fn main() -> std::process::ExitCode {
    brownout::cli::main()
}
