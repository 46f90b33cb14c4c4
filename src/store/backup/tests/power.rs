//! Power cuts: what is left of a restore is a whole store, an empty directory, or refused.

use super::super::super::OpenError;
use super::super::super::sim::Op;
use super::*;

#[test]
fn a_power_cut_at_any_step_of_a_restore_leaves_a_whole_store_or_none() {
    let (rows_then, file) = example(None);
    let (mut refused, mut whole) = (0, 0);
    for step in 1.. {
        let disk = SimDisk::new(step);
        let life = disk.boot();
        disk.crash_at(step);
        let restored = restore(read(&file, None).expect("a backup"), None, &life, CACHE);
        let done = restored.is_ok() && disk.powered();
        disk.power_cut();
        match Store::open(disk.boot(), settings()) {
            Err(OpenError::Unfinished) => {
                refused += 1;
                let again = restore_to(&disk, &file, None).expect_err("not empty");
                assert!(matches!(again, RestoreError::Interrupted), "step {step}: {again}");
                let verified =
                    super::super::super::verify(&boot(&disk), &settings(), &Progress::default());
                assert!(matches!(verified, Err(OpenError::Unfinished)), "step {step}");
            }
            Err(other) => panic!("step {step}: {other}"),
            Ok(store) => {
                let found = rows(&store);
                // Before the mark is durable nothing is there: then a new store begins, as in any empty directory.
                let nothing = found.is_empty() && store.last_seq() == 0 && !done;
                assert!(nothing || found == rows_then, "step {step}: half a store");
                whole += u32::from(!nothing);
            }
        }
        if done {
            assert!(refused > 20 && whole > 0, "{refused} refused, {whole} whole");
            return;
        }
    }
}

#[test]
fn a_disk_that_fails_during_a_restore_leaves_a_whole_store_or_none() {
    let (rows_then, file) = example(None);
    for op in [Op::Write, Op::Sync, Op::SetLen, Op::Directory] {
        for nth in 1..200 {
            let disk = SimDisk::new(nth);
            let life = disk.boot();
            disk.fail(op, "", nth);
            let restored = restore(read(&file, None).expect("a backup"), None, &life, CACHE);
            let left = files_of(&disk);
            if let Err(error) = &restored {
                let marked = left.iter().any(|name| name == UNFINISHED);
                assert!(left.is_empty() || marked, "{op:?} {nth}: {error}: {left:?}");
                continue;
            }
            drop(life);
            disk.mend();
            assert_eq!(rows(&open(&disk)), rows_then, "{op:?} {nth}");
            break;
        }
    }
}
