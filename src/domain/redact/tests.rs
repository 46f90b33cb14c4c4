use super::*;

fn redacted(text: &str) -> String {
    Redactor::new(true, &[]).unwrap().redact(text).into_owned()
}

fn stays(text: &str) {
    assert_eq!(redacted(text), text);
}

/// S0.51
#[test]
fn a_card_number_keeps_its_first_six_and_last_four_digits_however_it_is_written() {
    for number in [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4111\u{a0}1111\u{202f}1111\u{2009}1111",
        "4111 – 1111 – 1111 – 1111",
        "4111, 1111, 1111, 1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "41 11 11 11 11 11 11 11",
        "41111111 11111111",
        "4111\n1111\n1111\n1111",
        "4111/1111/1111/1111",
        "４１１１ １１１１ １１１１ １１１１",
        "٤١١١ ١١١١ ١١١١ ١١١١",
        "๔๑๑๑๑๑๑๑๑๑๑๑๑๑๑๑",
        "four one one one, one one one one, one one one one, one one one one",
        "forty-one eleven eleven eleven eleven eleven eleven eleven",
        "four triple one, uh, one triple one and then double one double one 1111",
        "empat satu satu satu satu satu satu satu satu satu satu satu satu satu satu satu",
        "cuatro uno uno uno uno uno uno uno uno uno uno uno uno uno uno uno",
    ] {
        assert_eq!(redacted(&format!("My card is {number}.")), "My card is 411111******1111.");
    }
}

#[test]
fn cards_of_every_issuer_and_length_are_known() {
    for (number, masked) in [
        ("378282246310005", "378282*****0005"),
        ("3782 822463 10005", "378282*****0005"),
        ("30569309025904", "305693****5904"),
        ("6011111111111117", "601111******1117"),
        ("3530111333300000", "353011******0000"),
        ("5555555555554444", "555555******4444"),
        ("2223003122003222", "222300******3222"),
        ("4222222222222", "422222***2222"),
        ("6304000000000000", "630400******0000"),
        ("6240008631401148", "624000******1148"),
        ("5019717010103742", "501971******3742"),
        ("6759649826438453", "675964******8453"),
        ("6062826786276634", "606282******6634"),
        ("4000000000000000006", "400000*********0006"),
    ] {
        assert_eq!(redacted(number), masked);
    }
}

#[test]
fn what_stands_around_a_card_number_stays() {
    let said = "For ticket #1001: 4111 1111 1111 1111, valid 12/27, amount 250.000 and phone +62 812 3456 7890";
    let kept = "For ticket #1001: 411111******1111, valid 12/27, amount 250.000 and phone +62 812 3456 7890";
    assert_eq!(redacted(said), kept);
    assert_eq!(
        redacted("5555555555554444 and 378282246310005"),
        "555555******4444 and 378282*****0005"
    );
    assert_eq!(redacted("12 4111 1111 1111 1111"), "12 411111******1111");
    assert_eq!(redacted("kartu4111111111111111"), "kartu411111******1111");
}

#[test]
fn other_long_numbers_stay() {
    for text in [
        "",
        "no digits at all",
        // One digit off Luhn's check.
        "4111 1111 1111 1112",
        "+62 812-3456-7890",
        "+4915112345679",
        "call me at 0812 3456 7890",
        "DE89 3704 0044 0532 0130 00",
        "GB29 NWBK 6016 1331 9268 19",
        "550e8400-e29b-41d4-a716-446655440000",
        "ISBN 978-3-16-148410-0",
        "1731000000000",
        "4.111.111.111.111.111",
        "4,111,111,111,111,111 rupiah",
        "0000 0000 0000 0000",
        "a tracking number 411111111111111111111111111",
        "between 4111 and then 11 people on the 11th of the 11th at 11:11, 1111 came",
    ] {
        stays(text);
    }
}

/// A security code leaves nothing.
#[test]
fn a_security_code_is_hidden_where_it_is_named_as_one() {
    for (said, kept) in [
        ("the cvv is 123", "the cvv is ***"),
        ("CVC: 1234", "CVC: ***"),
        ("cvv2=987", "cvv2=***"),
        ("CVV123", "CVV***"),
        ("my security code is one two three, thanks", "my security code is ***, thanks"),
        ("cvv 1 2 3 and expiry 12 27", "cvv *** and expiry 12 27"),
        ("cvv 123 12/27", "cvv *** 12/27"),
        ("123 is my CVV", "*** is my CVV"),
        ("kode keamanan kartunya adalah 456", "kode keamanan kartunya adalah ***"),
        ("el código de seguridad es 789", "el código de seguridad es ***"),
        ("the three digits on the back are 321", "the three digits on the back are ***"),
        ("{\"cvv\": 123}", "{\"cvv\": \"***\"}"),
        ("{\"cardCvc\":\"123\"}", "{\"cardCvc\":\"***\"}"),
    ] {
        assert_eq!(redacted(said), kept);
    }
    for text in ["order 123", "I was born in 1234", "the cvv please", "cvv of 12345", "room 101"] {
        stays(text);
    }
}

#[test]
fn card_and_code_in_one_breath() {
    assert_eq!(
        redacted("4111 1111 1111 1111 expiry 12 27 cvv 123"),
        "411111******1111 expiry 12 27 cvv ***"
    );
    assert_eq!(
        redacted("{\"pan\":4111111111111111,\"to\":[5555555555554444]}"),
        "{\"pan\":\"411111******1111\",\"to\":[\"555555******4444\"]}"
    );
}

#[test]
fn patterns_of_ones_own_are_redacted_too() {
    let own = Redactor::new(false, &[r"\bNIK ?\d{16}\b".to_owned()]).unwrap();
    assert_eq!(own.redact("NIK 3174012345678901 ok"), "[redacted] ok");
    assert_eq!(own.redact("4111111111111111"), "4111111111111111");
    for (pattern, why) in [("(", "closing"), ("x*", "empty text"), (&"a".repeat(600), "512")] {
        let (named, told) = Redactor::new(true, &[pattern.to_owned()]).unwrap_err();
        assert!(named == pattern && told.contains(why), "{told}");
    }
}

#[test]
fn text_without_any_of_it_is_not_copied() {
    let redactor = Redactor::new(true, &[]).unwrap();
    assert!(matches!(redactor.redact("Halo, kartu saya 4111 hilang"), Cow::Borrowed(_)));
}
