//! What is not as it was written is refused, with the place, and leaves nothing behind.

use super::*;

/// The error of reading a file to its end; none if it passes.
fn refused(file: &[u8], secret: Option<&Secret>) -> Option<String> {
    read(file, secret).and_then(Backup::check).err().map(|error| error.to_string())
}

/// The place that an error names.
fn place(error: &str) -> Option<u64> {
    let (_, rest) = error.split_once("at byte ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[test]
fn every_flipped_bit_is_noticed_and_its_place_told() {
    let (_, file) = example(None);
    assert_eq!(refused(&file, None), None);
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1 << (at % 8);
        let error = refused(&damaged, None).unwrap_or_else(|| panic!("byte {at} passes"));
        if at >= 8 {
            let place = place(&error).unwrap_or_else(|| panic!("byte {at}: {error}"));
            // A length that was changed is noticed only behind it.
            assert!(place <= file.len() as u64, "byte {at}: {error}");
        }
    }
}

#[test]
fn a_flipped_bit_of_a_block_is_told_at_the_start_of_the_block() {
    let (_, file) = example(None);
    let mut damaged = file.clone();
    // The first byte behind the head and the first block's header.
    damaged[128 + 24] ^= 1;
    let error = refused(&damaged, None).expect("refused");
    assert_eq!(error, "the backup is damaged at byte 128: block 0: its checksum is wrong");
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let (_, file) = example(None);
    for length in 0..file.len() {
        let error = refused(&file[..length], None).unwrap_or_else(|| panic!("{length} passes"));
        let told = if length == 0 { "no frontdesk backup" } else { "cut off at byte" };
        assert!(error.contains(told), "{length}: {error}");
        assert!(length == 0 || place(&error) == Some(length as u64), "{length}: {error}");
    }
}

#[test]
fn an_encrypted_file_is_noticed_to_be_changed_or_cut_off_anywhere() {
    let key = Secret::Key([9; 32]);
    let disk = SimDisk::new(3);
    let mut store = open(&disk);
    let mut random = Random::new(3);
    for key in 0..12_u64 {
        let value = Some(random.bytes(20_000).into());
        let row = Row { table: Table::Entries, key: key.to_be_bytes().into(), value };
        write(&mut store, PlanRecord { at: Micros(1), rows: vec![row], events: vec![] });
    }
    let file = back_up(&mut store, Some(&key), |_| {});
    assert!(file.len() > 3 * 64 * 1024, "several chunks");
    assert_eq!(refused(&file, Some(&key)), None);
    let chunk = 64 * 1024 + 16;
    let borders = (0..4).flat_map(|n| [128 + n * chunk, 128 + n * chunk + 1]);
    for length in (0..300).chain((0..file.len()).step_by(9_973)).chain(borders) {
        let cut = &file[..length.min(file.len() - 1)];
        let error = refused(cut, Some(&key)).unwrap_or_else(|| panic!("{length} passes"));
        assert!(error.contains("cut off") || error.contains("no frontdesk"), "{length}: {error}");
    }
    for at in (0..300).chain((0..file.len()).step_by(3_301)) {
        let mut damaged = file.clone();
        damaged[at] ^= 0x20;
        assert!(refused(&damaged, Some(&key)).is_some(), "byte {at} passes");
    }
    // Two chunks in each other's place.
    let mut swapped = file.clone();
    swapped[128..128 + chunk].copy_from_slice(&file[128 + chunk..128 + 2 * chunk]);
    swapped[128 + chunk..128 + 2 * chunk].copy_from_slice(&file[128..128 + chunk]);
    assert!(refused(&swapped, Some(&key)).expect("refused").contains("at byte 128:"));
}

#[test]
fn what_follows_the_end_is_refused() {
    let (_, mut file) = example(None);
    let end = file.len();
    file.push(0);
    let error = refused(&file, None).expect("refused");
    assert_eq!(
        error,
        format!("the backup is damaged at byte {end}: something follows behind its end")
    );
}

#[test]
fn a_block_of_another_backup_never_passes() {
    let (_, one) = example(None);
    let (_, other) = example(None);
    // The same store under keys of its own each time: even their lengths may differ by a byte.
    let mixed = [&one[..128], &other[128..]].concat();
    let error = refused(&mixed, None).expect("refused");
    assert!(error.contains("at byte 128: block 0: its checksum"), "{error}");
}

#[test]
fn the_wrong_secret_is_told_from_damage() {
    let (_, file) = example(Some(&passphrase()));
    let wrong = Secret::Passphrase("incorrect horse".to_owned());
    let error = refused(&file, Some(&wrong)).expect("refused");
    assert_eq!(error, "the passphrase is not the one that the backup was encrypted to");
    let error = refused(&file, None).expect("refused");
    assert_eq!(error, "the backup is encrypted to a passphrase, and none was given");
    let error = refused(&file, Some(&Secret::Key([1; 32]))).expect("refused");
    assert!(error.contains("what was given is a key file"), "{error}");
}

#[test]
fn a_newer_format_is_told_as_one() {
    let (_, mut file) = example(None);
    file[8] = 3;
    let sum = xxhash_rust::xxh3::xxh3_64_with_seed(&file[..120], 0x6664_6261_636b_7570);
    file[120..128].copy_from_slice(&sum.to_le_bytes());
    let error = refused(&file, None).expect("refused");
    assert!(error.contains("has format 3, this frontdesk reads up to 2"), "{error}");
}

#[test]
fn rows_of_a_newer_format_are_refused_at_once() {
    let (_, file) = example(None);
    let opened = Backup::open(Cursor::new(&file[..]), 0, &Progress::default(), |_| None);
    let error = opened.err().map(|error| error.to_string());
    assert!(error.is_some_and(
        |text| text.contains("of a store of format 1") && text.contains("reads up to 0")
    ),);
}

#[test]
fn another_file_is_no_backup() {
    assert!(
        refused(b"PK\x03\x04 something else", None)
            .expect("refused")
            .contains("no frontdesk backup")
    );
}

#[test]
fn a_refused_backup_leaves_the_directory_empty() {
    let (_, file) = example(None);
    let whole = file.len();
    for file in [&file[..whole - 1], &file[..whole / 2], &file[..130]] {
        let disk = SimDisk::new(9);
        let refused = restore_to(&disk, file, None).expect_err("cut off");
        assert!(matches!(refused, RestoreError::Backup(BackupError::CutOff { .. })), "{refused}");
        assert_eq!(files_of(&disk), Vec::<String>::new());
    }
}
