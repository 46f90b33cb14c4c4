//! Sizes and spans as people read them.

/// Bytes with a unit and at most one decimal: `64 MiB`, `1.5 GiB`, `812 B`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut amount, mut unit) = (bytes as f64, 0);
    while amount >= 1023.95 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    let text = format!("{amount:.1}");
    format!("{} {}", text.strip_suffix(".0").unwrap_or(&text), UNITS[unit])
}

/// Seconds in the two largest units: `3 d 4 h`, `12 min 5 s`, `8 s`.
pub fn span(seconds: u64) -> String {
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let first = parts.iter().position(|(amount, _)| *amount > 0).unwrap_or(parts.len() - 1);
    let told = parts[first..].iter().take(2).filter(|(amount, unit)| *amount > 0 || *unit == "s");
    let told: Vec<String> = told.map(|(amount, unit)| format!("{amount} {unit}")).collect();
    told.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_spans_are_short() {
        let sizes = [0, 812, 1024, 1536, 1 << 20, (1 << 30) - 1, 3 << 30].map(bytes);
        assert_eq!(sizes, ["0 B", "812 B", "1 KiB", "1.5 KiB", "1 MiB", "1 GiB", "3 GiB"]);
        let spans = [0, 8, 60, 725, 3_600, 273_600].map(span);
        assert_eq!(spans, ["0 s", "8 s", "1 min 0 s", "12 min 5 s", "1 h", "3 d 4 h"]);
    }
}
