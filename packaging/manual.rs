//! Writes the man pages and the shell completions, from the command line's own definition:
//! `cargo run --example manual -- DIR` fills `DIR/man` and `DIR/completions`.
//!
//! An example and no subcommand: the daemon carries none of it, and a package for another processor is made
//! without running its binary.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

/// What the definition of the command line does not say, for the main page.
const MORE: &str = r#".SH FILES
.TP
.I /etc/frontdesk/config.toml
The configuration: only what differs from the defaults, which \fBfrontdesk config show\fR lists.
.TP
.I /etc/frontdesk/credentials/
Settings that are secret, a file each: its name is \fIsection.key\fR, its text the value. Read by systemd
for the unit.
.TP
.I /var/lib/frontdesk/
Tickets, journal, keys and the admin socket, unless \fBdata_dir\fR says otherwise.
.TP
.I /var/backups/frontdesk/
Where \fBfrontdesk backup\fR and \fBfrontdesk\-backup.timer\fR write, unless \fBbackup.target\fR says otherwise.
.SH ENVIRONMENT
.TP
.B FRONTDESK_\fISECTION\fB__\fIKEY\fR
Sets \fIsection.key\fR, over the files and below the flags.
.SH EXIT STATUS
.TP
.B 0
It is done.
.TP
.B 1
It failed.
.TP
.B 2
The command line or the configuration is wrong.
.SH SIGNALS
.TP
.BR SIGTERM ", " SIGINT
The daemon finishes what is in flight, commits, and ends with status 0.
"#;

fn main() -> io::Result<()> {
    let Some(dir) = std::env::args_os().nth(1) else {
        return Err(io::Error::other("usage: manual DIR"));
    };
    let dir = Path::new(&dir);
    let mut command = frontdesk::cli::definition();
    pages(&command, &fresh(dir.join("man"))?)?;
    let completions = fresh(dir.join("completions"))?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command, "frontdesk", &completions)?;
    }
    Ok(())
}

fn pages(command: &Command, dir: &Path) -> io::Result<()> {
    clap_mangen::generate_to(command.clone(), dir)?;
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    page.extend_from_slice(MORE.as_bytes());
    fs::write(dir.join("frontdesk.1"), page)
}

/// An empty directory, so that nothing of a command that is gone is packed.
fn fresh(dir: PathBuf) -> io::Result<PathBuf> {
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(&dir)?;
    Ok(dir)
}
