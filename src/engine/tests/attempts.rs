//! What is attempted in a draft and refused leaves nothing behind, whatever was done before, within and after it.

use proptest::prelude::*;

use super::{Desk, cases, relay};
use crate::engine::command::Refusal;
use crate::engine::draft::{Context, Draft};
use crate::store::Table;
use crate::store::records::Count;

/// What is done to a draft.
#[derive(Clone, Debug)]
enum Act {
    Put(u8, u64),
    Delete(u8),
    /// A part that is refused in the end, or is not.
    Attempt(Vec<Act>, bool),
}

fn act() -> impl Strategy<Value = Act> {
    let leaf = prop_oneof![
        (0..6u8, any::<u64>()).prop_map(|(key, value)| Act::Put(key, value)),
        (0..6u8).prop_map(Act::Delete),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        (prop::collection::vec(inner, 0..6), any::<bool>())
            .prop_map(|(acts, refused)| Act::Attempt(acts, refused))
    })
}

/// Does it; with `refused` what is refused is done and taken back, without it is left out.
fn perform(draft: &mut Draft<'_>, acts: &[Act], refused: bool) {
    for act in acts {
        match act {
            Act::Put(key, value) => draft.put(&[*key], &Count(*value)),
            Act::Delete(key) => draft.delete(Table::Counts, &[*key]),
            Act::Attempt(acts, true) if refused => {
                let done = draft.attempt(|draft| {
                    perform(draft, acts, refused);
                    Err::<(), _>(Refusal::Conflict("refused in the end".into()))
                });
                assert!(done.is_err());
            }
            Act::Attempt(_, true) => {}
            Act::Attempt(acts, false) => {
                let done = draft.attempt(|draft| {
                    perform(draft, acts, refused);
                    Ok(())
                });
                assert!(done.is_ok());
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn what_is_refused_leaves_the_plan_as_if_it_had_not_been_tried(
        acts in prop::collection::vec(act(), 0..12),
    ) {
        let desk = Desk::new();
        let actor = relay();
        let ctx = Context {
            now: desk.phones, steady: desk.steady(), trusted: true, random: [0; 32], rules: &desk.rules, seal: &desk.seal, actor: &actor, seen: None, categories: None,
        };
        let [tried, untried] = [true, false].map(|refused| {
            let mut draft = Draft::new(&desk.rows, &ctx);
            perform(&mut draft, &acts, refused);
            let rows = draft.finish().0.rows;
            rows.into_iter().map(|row| (row.table as u8, row.key, row.value)).collect::<Vec<_>>()
        });
        prop_assert_eq!(tried, untried);
    }
}
