//! The keyring beside the store, over power cuts at every step of making, changing and locking it anew.

use crate::store::backup::Secret;
use crate::store::owner::Owner;
use crate::store::seal::{Nonces, Place, Seal, SealError};
use crate::store::sim::SimDisk;
use crate::store::unlock::check;
use crate::store::{
    KeyringError, Migration, Store, StoreSettings, Table, UnlockError, Upgrade, Wanted, keyfile,
};

use super::{disk, small};

const KEY: Place<'static> = Place::EVENT;
const ANA: Owner = Owner::Ticket(1001);
const BUDI: Owner = Owner::Contact(7);

fn unlock(disk: &SimDisk, root: u8) -> Result<(Store, Seal), UnlockError> {
    let mut store = Store::open(disk.boot(), small()).expect("the store opens");
    let root = |_: Wanted| Ok::<_, UnlockError>(Secret::Key([root; 32]));
    let seal = store.unlock(Seal::new([7; 32]), true, root)?;
    Ok((store, seal))
}

fn sealed(seal: &Seal, owner: Owner) -> Vec<u8> {
    let mut out = Vec::new();
    seal.seal(KEY, owner, &mut Nonces::new([1; 16]), &mut out, |out| out.extend(b"words"));
    out
}

#[test]
fn a_power_cut_while_keys_are_destroyed_leaves_all_of_them_or_the_others() {
    let (mut before, mut after) = (0, 0);
    for step in 1.. {
        let disk = disk();
        let (store, seal) = unlock(&disk, 1).expect("unlocked");
        let (anas, budis) = (sealed(&seal, ANA), sealed(&seal, BUDI));
        disk.crash_at(step);
        let done = seal.keys().expect("keys").destroy(&[ANA]).is_ok();
        let cut = !disk.powered();
        drop((store, seal));
        disk.power_cut();
        let (_store, seal) = unlock(&disk, 1).expect("it unlocks again");
        assert_eq!(&*seal.open(KEY, &budis).expect("others open"), b"words");
        match seal.open(KEY, &anas) {
            Ok(_) => {
                assert!(!done, "what was told to be destroyed is");
                before += 1;
            }
            Err(SealError::Erased) => after += 1,
            Err(other) => panic!("step {step}: {other}"),
        }
        if !cut {
            break;
        }
    }
    assert!(before > 2 && after > 0, "{before} {after}");
}

/// A copy from before an upgrade has a keyring of its own; it forgets with the store, and before it.
#[test]
fn a_key_that_is_destroyed_is_destroyed_in_the_copy_from_before_an_upgrade() {
    const STEPS: &[Migration] = &[Migration { name: "nothing", run: |_| Ok(()) }];
    let upgrade = Upgrade { migrations: STEPS, allowed: true, ..Upgrade::default() };
    let newer = || StoreSettings { upgrade, ..small() };
    let copied = |disk: &SimDisk| {
        let file = disk.boot().open("before-format-2/keyring").expect("a keyring");
        let mut bytes = vec![0; file.len().expect("a length") as usize];
        file.read_at(0, &mut bytes).expect("read");
        let keys = check(&bytes, &Secret::Key([1; 32]), None).expect("it opens");
        [ANA, BUDI].map(|owner| keys.key(owner).is_some())
    };
    let mut done = false;
    for step in 1.. {
        let disk = disk();
        let boot = disk.boot();
        let keys = boot.create(keyfile::NAME).expect("created");
        let text = format!("frontdesk keys 1\n{}\n", "0a".repeat(32));
        keys.write_at(0, text.as_bytes()).and_then(|()| keys.sync_data()).expect("written");
        boot.sync_dir("").expect("durable");
        drop(boot);
        drop(unlock(&disk, 1).expect("unlocked"));
        let open = || {
            let mut store = Store::open(disk.boot(), newer()).expect("upgraded");
            let root = |_: Wanted| Ok::<_, UnlockError>(Secret::Key([1; 32]));
            let seal = store.unlock(Seal::new([7; 32]), true, root).expect("unlocked");
            (store, seal)
        };
        drop(open());
        assert_eq!(copied(&disk), [true, true]);
        let (store, seal) = open();
        disk.crash_at(step);
        let told = seal.keys().expect("keys").destroy(&[ANA]).is_ok();
        let cut = !disk.powered();
        drop((store, seal));
        disk.power_cut();
        let (_store, seal) = open();
        let gone = seal.keys().expect("keys").key(ANA).is_none();
        assert!(!told || gone);
        assert!(!gone || copied(&disk) == [false, true], "step {step}");
        done |= gone;
        if !cut {
            break;
        }
    }
    assert!(done);
}

#[test]
fn a_power_cut_while_the_root_key_is_rotated_leaves_the_old_one_or_the_new_one() {
    for step in 1.. {
        let disk = disk();
        let (store, seal) = unlock(&disk, 1).expect("unlocked");
        let anas = sealed(&seal, ANA);
        disk.crash_at(step);
        let done = seal.keys().expect("keys").rotate(&Secret::Key([2; 32])).is_ok();
        let cut = !disk.powered();
        drop((store, seal));
        disk.power_cut();
        let (one, two) =
            (unlock(&disk, 1).map(|found| found.1), unlock(&disk, 2).map(|found| found.1));
        assert!(one.is_ok() != two.is_ok(), "step {step}");
        assert!(!done || two.is_ok());
        let seal = one.or(two).expect("one of them");
        assert_eq!(&*seal.open(KEY, &anas).expect("it opens"), b"words");
        if !cut {
            break;
        }
    }
}

#[test]
fn a_power_cut_on_the_first_start_leaves_a_store_that_starts() {
    for step in 1.. {
        let disk = disk();
        let store = Store::open(disk.boot(), small()).expect("the store opens");
        drop(store);
        disk.crash_at(step);
        let first =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| unlock(&disk, 1).is_ok()));
        let cut = !disk.powered();
        disk.power_cut();
        let (_store, seal) = unlock(&disk, 1).expect("it starts");
        assert!(seal.encrypts());
        if !cut {
            assert!(first.is_ok_and(|done| done));
            break;
        }
    }
}

#[test]
fn a_keyring_that_is_missing_or_of_another_store_is_refused_and_none_is_made() {
    let (one, other) = (disk(), SimDisk::new(8));
    drop(unlock(&one, 1).expect("unlocked"));
    drop(unlock(&other, 1).expect("unlocked"));
    let (mine, theirs) = (one.boot(), other.boot());
    let bytes = |disk: &dyn crate::store::Disk| {
        let file = disk.open("keyring").expect("a keyring");
        let mut bytes = vec![0; file.len().expect("a length") as usize];
        file.read_at(0, &mut bytes).expect("read");
        bytes
    };
    let foreign = bytes(&*theirs);
    let kept = mine.create("keyring").expect("created");
    kept.write_at(0, &foreign).expect("written");
    kept.sync_data().expect("synced");
    assert!(matches!(unlock(&one, 1), Err(UnlockError::Another)));
    one.boot().remove("keyring").expect("removed");
    assert!(matches!(unlock(&one, 1), Err(UnlockError::Missing)));
    assert!(one.boot().open("keyring").is_err(), "none is made in its place");
    assert!(matches!(unlock(&other, 3), Err(UnlockError::Keyring(KeyringError::WrongKey))));
}

#[test]
fn rows_of_tickets_go_under_the_tickets_keys_and_the_rest_under_the_desks() {
    assert_eq!(Table::Tickets.owner(&1001u64.to_be_bytes()), Owner::Ticket(1001));
    assert_eq!(Table::Contacts.owner(&7u64.to_be_bytes()), Owner::Contact(7));
    assert_eq!(Table::Tokens.owner(&1u64.to_be_bytes()), Owner::Desk);
    assert_eq!(Table::Counts.owner(b"ticket"), Owner::Nobody);
    assert!(Table::of_tickets().any(|table| table == Table::Revisions));
}
