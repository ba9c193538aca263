//! What machines that take messages say, and what people say who sound like them.

/// Phrases with their points.
///
/// The words stand as they are compared: in small letters, without accents and apostrophes. `|`
/// stands between words of which one has to be there, `?` for at most one word and `*` for at most
/// four; nothing stands for the end of a sentence.
pub(super) const PHRASES: &[(i32, &str)] = &[
    // What nobody says but a machine.
    (4, "after|at|following the|this ? tone|beep|bleep"),
    (4, "wait for the ? tone|beep"),
    (3, "hear the|a ? tone|beep"),
    (4, "leave * message"),
    (3, "if * to leave * message"),
    (3, "free to leave * message"),
    (3, "press * to leave * message"),
    (4, "record your|a ? message"),
    (3, "finished|done recording"),
    (2, "hang up or"),
    (2, "may ? hang up"),
    (3, "been forwarded|redirected|transferred to"),
    (4, "voice message|messaging system|service"),
    (
        4,
        "cant|cannot|not|unable|nobody|no * take|answer your ? call",
    ),
    (4, "cant|cannot|not|unable * to the phone|telephone"),
    // What becomes a greeting together with something else.
    (2, "not|isnt|arent|nobody|no|none ? ? available|home|here"),
    (2, "unavailable"),
    (
        2,
        "person|party|customer|subscriber|user|number ? you|youre|youve",
    ),
    (2, "youve|you|have reached"),
    (2, "voicemail"),
    (2, "voice mail|mailbox"),
    (2, "mailbox"),
    (2, "answering machine"),
    (2, "this is the|my voicemail|voice|mailbox|answering"),
    (2, "mailbox|mail|voicemail is ? full"),
    (2, "cant|cannot|not|unable * accept|take * messages"),
    (2, "leave * number|name|details"),
    (2, "your name * number"),
    (2, "missed your call"),
    (2, "return your call"),
    (1, "call|ring you back"),
    (1, "get back to you"),
    // What only people say: they ask, they speak of somebody, they tell what they did.
    (
        -3,
        "i|ill|id|to|you|we|well|he|she|they|did|didnt|dont|could|gonna leave * message",
    ),
    (
        -4,
        "got|received|heard|listened|saw|left|sent|had * message|messages|voicemail|call",
    ),
    (-3, "message with me|him|her|my|reception|you"),
    (
        -3,
        "on|by|via|per|over whatsapp|email|mail|text|sms|signal|telegram",
    ),
    (-4, "pass it|that|this on|along"),
    (-4, "let him|her|them know"),
    (-4, "can|may|could|shall i|we"),
    (-4, "would|do|did|could|have you"),
    (-3, "who is|was calling|this|speaking"),
    (-3, "whos calling|this|speaking"),
    (-4, "hold|hang on"),
    (-4, "one moment|second"),
    (-4, "wrong number|person"),
    (-2, "my|your mailbox|voicemail|inbox"),
    (-2, "he|she|they|hes|shes|theyre|him"),
    (-2, "was|were not|unable"),
    (-2, "speaking"),
    (-2, "yesterday"),
    // What a network says that takes no message.
    (-4, "try * again|later"),
    (-4, "not in service|use"),
    (-4, "check the number"),
    // Spanish.
    (
        4,
        "deje|deja|dejanos|dejenos|dejame|dejeme * mensaje|recado",
    ),
    (4, "puede|puedes dejar * mensaje"),
    (
        4,
        "despues|tras|al|oir|escuche|escuchar * tono|senal|pitido|bip",
    ),
    (4, "grabe|graba ? mensaje"),
    (2, "buzon"),
    (2, "contestador"),
    (2, "no * disponible|disponibles"),
    (
        2,
        "no * atender|atenderle|atenderte|atenderlo|contestar|responder",
    ),
    (2, "ha|has llamado|comunicado a|al|con"),
    (2, "persona|numero|abonado|cliente|usuario ? que"),
    (-4, "te|le|les|os|ayer deje * mensaje"),
    (-4, "puedo|podria|podemos"),
    (-4, "quiere|quieres|desea"),
    (-4, "intente|intentelo * tarde|nuevo"),
    (-4, "no existe"),
    // French.
    (4, "laissez|laisser|laisse * message|coordonnees"),
    (4, "apres le|la ? bip|signal|tonalite"),
    (2, "boite vocale"),
    (2, "messagerie"),
    (2, "repondeur"),
    (2, "vous etes ? sur|chez"),
    (2, "votre correspondant"),
    (2, "pas ? disponible|disponibles|joignable"),
    (2, "pas * repondre|prendre * appel"),
    (
        -4,
        "jai|je|peux|voulez|aimerais|pouvais laisse|laisser * message",
    ),
    (-4, "puis|peux|pourrais|dois je"),
    (-4, "rappeler|reessayer plus|ulterieurement"),
    // German.
    (
        4,
        "nach dem|diesem ? ton|signalton|piepton|piep|pfeifton|signal",
    ),
    (
        4,
        "hinterlassen|hinterlasse|hinterlass sie|mir|uns|bitte * nachricht|namen|rufnummer",
    ),
    (4, "anruf ? nicht * entgegennehmen|annehmen|beantworten"),
    (2, "nachricht ? hinterlassen"),
    (2, "anrufbeantworter|sprachbox"),
    (
        2,
        "dies|das|hier ist die|der mailbox|anrufbeantworter|sprachbox",
    ),
    (2, "nicht ? erreichbar|verfugbar"),
    (2, "teilnehmer|gesprachspartner|rufnummer"),
    (-4, "kann|darf|soll|konnte ich"),
    (-4, "mochten|wollen|haben sie"),
    (-4, "rufen|versuchen * spater"),
    (-4, "nicht vergeben"),
];
