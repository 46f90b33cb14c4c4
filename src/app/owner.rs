//! Root must not work on the files of another user's store: what it makes there, the daemon could not open.
//!
//! Beside a running daemon this never matters: the admin socket lets root in, and the daemon does the work.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
#[error(
    "{dir} belongs to user {uid}, and no daemon runs that could do this for root; start it \
     (systemctl start frontdesk), or run the command as that user: setpriv --reuid {uid} --regid {gid} \
     --clear-groups frontdesk …"
)]
pub struct WrongUser {
    dir: PathBuf,
    uid: u32,
    gid: u32,
}

/// Refuses root where the directory belongs to somebody else. A directory that is not there yet is anybody's.
pub fn check(dir: &Path) -> Result<(), WrongUser> {
    match std::fs::metadata(dir) {
        Ok(found) => compare(dir, found.uid(), found.gid(), rustix::process::geteuid().as_raw()),
        Err(_) => Ok(()),
    }
}

fn compare(dir: &Path, uid: u32, gid: u32, user: u32) -> Result<(), WrongUser> {
    // Other users than root are refused by the permissions.
    if user == 0 && uid != 0 {
        return Err(WrongUser { dir: dir.to_owned(), uid, gid });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_leaves_the_store_of_another_user_alone_and_says_what_to_do() {
        let dir = Path::new("/var/lib/frontdesk");
        let refused = compare(dir, 997, 996, 0).unwrap_err().to_string();
        assert!(refused.contains("systemctl start frontdesk"), "{refused}");
        assert!(refused.contains("--reuid 997 --regid 996"), "{refused}");
        assert!(compare(dir, 0, 0, 0).is_ok() && compare(dir, 997, 996, 997).is_ok());
    }

    #[test]
    fn a_directory_that_is_not_there_yet_is_anybodys() {
        assert!(check(Path::new("/nonexistent/frontdesk")).is_ok());
    }
}
