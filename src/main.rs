//! The `frontdesk` binary: parses the command line and hands over to [`frontdesk::cli`].

fn main() -> std::process::ExitCode {
    frontdesk::cli::main()
}
