//! What everybody who is called can ask of every agent: not to be called again.

use serde_json::json;

/// Names the function by which an agent notes that whom it has called does not want that. An intent
/// of an agent that has this key takes its place.
pub const OPT_OUT: &str = "opt_out";

/// That function, as it is offered in calls that were placed.
#[must_use]
pub fn opt_out_function() -> llm::Tool {
    let phrases = [
        "Stop calling me",
        "Remove me from your list",
        "Remove my number",
        "Put me on the do not call list",
    ];
    llm::Tool {
        name: OPT_OUT.to_owned(),
        // The offline responder compares words: those that callers use of calls are not in it.
        description: "Records that the callee opts out of all further contact. Only upon explicit \
                      request."
            .to_owned(),
        parameters: json!({ "type": "object", "properties": {} }),
        phrases: phrases.map(str::to_owned).to_vec(),
        threshold: Some(1_000),
    }
}
