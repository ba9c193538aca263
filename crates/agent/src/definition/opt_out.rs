//! What everybody who is called can ask of every agent: not to be called again.

use serde_json::json;

/// Names the function by which an agent notes that whom it has called does not want that. An intent
/// of an agent that has this key takes its place.
pub const OPT_OUT: &str = "do_not_call_again";

/// That function, as it is offered in calls that were placed.
#[must_use]
pub fn opt_out_function() -> llm::Tool {
    let phrases = [
        "Stop calling me",
        "Take me off your list",
        "Remove my number from your list",
        "Put me on the do not call list",
    ];
    llm::Tool {
        name: OPT_OUT.to_owned(),
        description: "Puts the number that was called on the do-not-call list. Only for somebody \
                      who says that they do not want to be called any more."
            .to_owned(),
        parameters: json!({ "type": "object", "properties": {} }),
        phrases: phrases.map(str::to_owned).to_vec(),
        threshold: Some(1_000),
    }
}
