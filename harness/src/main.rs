//! The `brownout` command.

fn main() -> std::process::ExitCode {
    brownout::cli::main()
}
