//! Figures as people read them.

/// A time in a call as minutes, seconds and tenths, such as `1:02.3`; hours come first if there
/// are any.
pub(crate) fn clock(ms: u64) -> String {
    let tenths = (ms % 1_000) / 100;
    format!("{}.{tenths}", whole_seconds(ms))
}

/// A time in a call as minutes and seconds, such as `1:02`; hours come first if there are any.
pub(crate) fn whole_seconds(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// A duration such as `340 ms`, below ten with one decimal.
pub(crate) fn milliseconds(ms: f64) -> String {
    if ms.abs() < 9.95 && ms.fract() != 0.0 {
        format!("{ms:.1} ms")
    } else {
        format!("{} ms", thousands(ms.round()))
    }
}

/// A whole number in groups of three digits.
fn thousands(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut grouped = String::from(if number < 0.0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of things, such as `1 turn` or `3 turns`.
pub(crate) fn count(number: u64, one: &str, more: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {more}"),
    }
}

/// Abbreviations of stages, which labels write in capitals.
const ABBREVIATIONS: [&str; 4] = ["llm", "stt", "tts", "vad"];

/// An identifier such as `vad_hangover` as a label: `VAD hangover`.
pub(crate) fn label(name: &str) -> String {
    let words = name.split('_').map(|word| {
        if ABBREVIATIONS.contains(&word) {
            word.to_uppercase()
        } else {
            word.to_owned()
        }
    });
    let words = words.collect::<Vec<_>>().join(" ");
    let mut characters = words.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_a_clock() {
        assert_eq!(clock(62_340), "1:02.3");
        assert_eq!(clock(0), "0:00.0");
        assert_eq!(whole_seconds(3_723_999), "1:02:03");
    }

    #[test]
    fn identifiers_read_as_labels() {
        assert_eq!(label("vad_hangover"), "VAD hangover");
        assert_eq!(label("model_first_token"), "Model first token");
        assert_eq!(label(""), "");
    }

    #[test]
    fn short_durations_keep_a_decimal_and_long_ones_are_grouped() {
        assert_eq!(milliseconds(0.25), "0.2 ms");
        assert_eq!(milliseconds(9.97), "10 ms");
        assert_eq!(milliseconds(1_234_567.4), "1,234,567 ms");
        assert_eq!(milliseconds(-1_200.0), "-1,200 ms");
    }
}
