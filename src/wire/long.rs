//! Whole numbers as peers write them: a JSON number, a decimal string, or the `{low, high, unsigned}` object
//! that JavaScript libraries make of a 64-bit protobuf field.

use serde_json::Value;

/// The whole number that `value` holds. `low` and `high` are 32-bit words, `low` often signed.
pub fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => {
            number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
        }
        Value::String(text) => text.trim().parse::<i64>().ok().map(i128::from),
        Value::Object(long) => {
            let word = |name: &str| long.get(name).and_then(Value::as_i64);
            let low = word("low")? as u32;
            let high = word("high").unwrap_or(0) as u32;
            let bits = u64::from(high) << 32 | u64::from(low);
            let unsigned = long.get("unsigned").and_then(Value::as_bool).unwrap_or(false);
            Some(if unsigned { i128::from(bits) } else { i128::from(bits as i64) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_low_word_is_read_as_unsigned() {
        assert_eq!(integer(&json!({"low": -1, "high": 0, "unsigned": true})), Some(0xffff_ffff));
        assert_eq!(integer(&json!({"low": 1, "high": 1})), Some(0x1_0000_0001));
        assert_eq!(integer(&json!({"low": -2, "high": -1, "unsigned": false})), Some(-2));
    }

    #[test]
    fn what_is_no_whole_number_is_none() {
        for value in [json!(1.5), json!("x"), json!(""), json!({}), json!({"high": 1}), json!([1])]
        {
            assert_eq!(integer(&value), None, "{value}");
        }
    }
}
