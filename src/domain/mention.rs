//! `@name` in a comment: which agents it names.

/// The agents that a text names, each once, in the order of their names in it. `agents` are ids and names. A full name
/// counts before a first name; a first name counts if only one agent has it; how it is capitalised does not matter.
pub fn mentioned(text: &str, agents: &[(u64, String)]) -> Vec<u64> {
    let known: Vec<(u64, String)> =
        agents.iter().map(|(id, name)| (*id, name.trim().to_lowercase())).collect();
    let text = text.to_lowercase();
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@') {
        // An e-mail address names nobody.
        if text[..at].chars().next_back().is_some_and(char::is_alphanumeric) {
            continue;
        }
        let named = named(&text[at + 1..], &known);
        if let Some(id) = named.filter(|id| !found.contains(id)) {
            found.push(id);
        }
    }
    found
}

fn named(rest: &str, known: &[(u64, String)]) -> Option<u64> {
    let begins = |name: &str| {
        let behind = rest.strip_prefix(name);
        !name.is_empty()
            && behind.is_some_and(|b| !b.chars().next().is_some_and(char::is_alphanumeric))
    };
    let only = |mut ids: Vec<u64>| if ids.len() == 1 { ids.pop() } else { None };
    let full = known.iter().filter(|(_, name)| begins(name)).map(|(_, name)| name.len()).max();
    if let Some(longest) = full {
        let same = known.iter().filter(|(_, name)| name.len() == longest && begins(name));
        return only(same.map(|(id, _)| *id).collect());
    }
    let first = |name: &str| name.split_whitespace().next().unwrap_or_default().to_owned();
    only(known.iter().filter(|(_, name)| begins(&first(name))).map(|(id, _)| *id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_resolved_where_it_is_one_agents() {
        let agents: Vec<(u64, String)> = [
            (1, "Ani"),
            (2, "Ani Wijaya"),
            (3, "Budi Santoso"),
            (4, "Dewi Lestari"),
            (5, "Dewi Sartika"),
            (6, "Émile"),
        ]
        .map(|(id, name)| (id, name.to_owned()))
        .into();
        for (text, expected) in [
            ("@ani please look", vec![1]),
            ("cc @Ani Wijaya, @budi!", vec![2, 3]),
            ("@Dewi who of you two?", vec![]),
            ("@Dewi Sartika and again @dewi sartika", vec![5]),
            ("mail budi@ani.example", vec![]),
            ("@anita is nobody", vec![]),
            ("@émile", vec![6]),
            ("@", vec![]),
        ] {
            assert_eq!(mentioned(text, &agents), expected, "{text}");
        }
    }
}
