//! Written text made fit for speaking: no markup, no raw addresses, and cut
//! into sentences.

/// The longest answer, in sentences.
const MAX_SENTENCES: usize = 3;
/// The longest answer, in characters.
const MAX_CHARACTERS: usize = 400;

/// The sentences of `text` as they are spoken, each with its closing mark.
///
/// Line breaks end a sentence too. Markup is dropped, links give their text,
/// and addresses of the web and of e-mail give their host in words.
pub(super) fn sentences(text: &str) -> Vec<String> {
    text.lines()
        .flat_map(|line| split(&spoken_line(line)))
        .map(|sentence| closed(&sentence))
        .filter(|sentence| sentence.contains(char::is_alphanumeric))
        .collect()
}

/// As many of `sentences` as a caller can follow: at most three, and about 400
/// characters. One that is too long on its own is cut at a word.
pub(super) fn shortened(sentences: Vec<String>) -> Vec<String> {
    let mut left = MAX_CHARACTERS;
    let mut kept = Vec::new();
    for sentence in sentences.into_iter().take(MAX_SENTENCES) {
        let length = sentence.chars().count();
        if length <= left {
            left -= length;
            kept.push(sentence);
        } else {
            if kept.is_empty() {
                kept.push(cut(&sentence));
            }
            break;
        }
    }
    kept
}

fn spoken_line(line: &str) -> String {
    let line = without_links(&without_tags(without_list_mark(line.trim())));
    let words = line.split_whitespace().map(spoken_word);
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Drops the marks of headings, quotations, bullets and numbered points.
fn without_list_mark(line: &str) -> &str {
    let line = line.trim_start_matches(['#', '>', '-', '*', '+', '•', '|', '=', ' ']);
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    let rest = line.get(digits..).unwrap_or_default();
    match rest
        .strip_prefix([')', '.'])
        .and_then(|rest| rest.strip_prefix(' '))
    {
        Some(rest) if (1..=2).contains(&digits) => rest,
        _ => line,
    }
}

/// `[text](address)` and `![text](address)` give their text.
fn without_links(line: &str) -> String {
    let mut spoken = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, link)) = rest.split_once('[') {
        spoken.push_str(before.strip_suffix('!').unwrap_or(before));
        let parts = link.split_once("](").and_then(|(text, address)| {
            Some((text, address.split_once(')')?.1)).filter(|_| !text.contains('['))
        });
        match parts {
            Some((text, after)) => {
                spoken.push_str(text);
                rest = after;
            }
            None => rest = link,
        }
    }
    spoken + rest
}

/// Drops what looks like a tag of HTML.
fn without_tags(line: &str) -> String {
    let mut spoken = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, tag)) = rest.split_once('<') {
        spoken.push_str(before);
        spoken.push(' ');
        let is_tag = tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        rest = match tag.split_once('>') {
            Some((_, after)) if is_tag => after,
            _ => tag,
        };
    }
    spoken + rest
}

fn spoken_word(word: &str) -> String {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    let address = spoken_address(bare);
    let word = match &address {
        Some(spoken) => word.replacen(bare, spoken, 1),
        None => word.replace("://", " "),
    };
    let word: String = word.chars().filter_map(spoken_character).collect();
    word.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The host of a web address or the words of an e-mail address.
fn spoken_address(word: &str) -> Option<String> {
    let in_words = |text: &str| text.replace('.', " dot ");
    if let Some((name, host)) = word.split_once('@') {
        let is_address = host.contains('.') && !name.is_empty() && !word.contains(['/', ':']);
        return is_address.then(|| format!("{} at {}", in_words(name), in_words(host)));
    }
    let after_scheme = word.split_once("://").map(|(_, rest)| rest);
    let rest = after_scheme.unwrap_or(word);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    let is_host = host.split('.').all(|label| !label.is_empty()) && host.contains('.');
    let known = host
        .rsplit('.')
        .next()
        .is_some_and(|top| TOP_LEVEL.contains(&top));
    if after_scheme.is_some() || (is_host && (known || rest.starts_with("www."))) {
        return Some(in_words(host));
    }
    None
}

fn spoken_character(character: char) -> Option<char> {
    match character {
        '*' | '`' | '~' | '[' | ']' | '<' | '>' | '{' | '}' | '\\' => None,
        '_' | '|' => Some(' '),
        // Pictographs, arrows, boxes and what joins them.
        '\u{2190}'..='\u{21ff}'
        | '\u{2500}'..='\u{27bf}'
        | '\u{1f000}'..='\u{1faff}'
        | '\u{fe0e}'
        | '\u{fe0f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{fffd}' => None,
        _ if character.is_control() => None,
        _ => Some(character),
    }
}

/// Splits at `.`, `!` and `?` before a space, unless it is an abbreviation's.
fn split(line: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut sentence = String::new();
    let mut words = line.split(' ').filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        if !sentence.is_empty() {
            sentence.push(' ');
        }
        sentence.push_str(word);
        let bare = word.trim_end_matches(['"', '\'', '”', '’', ')']);
        let is_end = bare.ends_with(['.', '!', '?', '…', '。', '！', '？']);
        let goes_on = words
            .peek()
            .is_some_and(|next| next.starts_with(char::is_lowercase));
        if is_end && !is_abbreviation(bare) && !(goes_on && is_dotted(bare)) {
            sentences.push(std::mem::take(&mut sentence));
        }
    }
    if !sentence.is_empty() {
        sentences.push(sentence);
    }
    sentences
}

fn is_abbreviation(word: &str) -> bool {
    let Some(body) = word.strip_suffix('.') else {
        return false;
    };
    let body = body
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    let single = body.chars().count() == 1 && body.chars().all(char::is_alphabetic) && body != "i";
    single || ABBREVIATIONS.contains(&body.as_str())
}

/// Letters with a dot after each, such as `a.m.`, which may end a sentence.
fn is_dotted(word: &str) -> bool {
    word.strip_suffix('.')
        .is_some_and(|word| word.split('.').all(|part| part.len() == 1))
}

/// The sentence with a mark at its end and a capital at its start.
fn closed(sentence: &str) -> String {
    let sentence = capitalised(sentence.trim());
    let bare = sentence.trim_end_matches(['"', '\'', '”', '’', ')']);
    if bare.ends_with(['.', '!', '?', '…', '。', '！', '？']) {
        return sentence;
    }
    let open = sentence.trim_end_matches([',', ';', ':', '-', '–', '—', ' ']);
    format!("{open}.")
}

/// `text` with its first letter in upper case.
pub(super) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

fn cut(sentence: &str) -> String {
    let head: String = sentence.chars().take(MAX_CHARACTERS - 1).collect();
    let whole_words = head
        .rsplit_once(' ')
        .map_or(head.as_str(), |(words, _)| words);
    closed(whole_words)
}

#[rustfmt::skip]
const TOP_LEVEL: &[&str] = &[
    "com", "org", "net", "io", "ai", "app", "dev", "edu", "gov", "info", "eu", "uk", "us", "de",
    "fr", "es", "it", "nl", "ch", "at", "be", "tr", "ca", "au", "in", "shop", "store", "example",
];

#[rustfmt::skip]
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "nr", "vs", "approx", "etc", "e.g", "i.e",
    "eg", "ie", "inc", "ltd", "co", "corp", "dept", "ext", "tel", "jan", "feb", "apr", "jun",
    "jul", "aug", "sep", "sept", "oct", "nov", "dec",
];

#[cfg(test)]
mod tests;
