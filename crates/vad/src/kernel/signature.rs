//! Compares what a file computes with what the kernel computes, operator by operator.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::graph::{Graph, Setting, Tensor};
use super::weights::{Branch, GraphError};

/// The choice between the networks for the two rates.
const CHOICE: &str = "\
%0 = Reshape(sr, [-1]) allowzero=0
%1 = Gather(%0, 0) axis=0
%2 = Equal(%1, 16000)
%3, %4 = If(%2)
return %3, %4
";

/// One network. `F` stands for the samples in a frame of the transform, `F/2` and `F/4` for the
/// half and the quarter of them, and `BINS` for the bins of the spectrum.
const NETWORK: &str = "\
%0 = Pad(input, [0, 0, 0, F/4]) mode=reflect
%1 = Unsqueeze(%0, [1])
%2 = Conv(%1, stft.forward_basis_buffer) auto_pad=NOTSET dilations=[1] group=1 pads=[0, 0] strides=[F/2]
%3 = Slice(%2, [0], [BINS], [1], [1])
%4 = Slice(%2, [BINS], [9223372036854775807], [1], [1])
%5 = Pow(%3, 2)
%6 = Pow(%4, 2)
%7 = Add(%5, %6)
%8 = Sqrt(%7)
%9 = Conv(%8, encoder.0.reparam_conv.weight, encoder.0.reparam_conv.bias) auto_pad=NOTSET dilations=[1] group=1 pads=[1, 1] strides=[1]
%10 = Relu(%9)
%11 = Conv(%10, encoder.1.reparam_conv.weight, encoder.1.reparam_conv.bias) auto_pad=NOTSET dilations=[1] group=1 pads=[1, 1] strides=[2]
%12 = Relu(%11)
%13 = Conv(%12, encoder.2.reparam_conv.weight, encoder.2.reparam_conv.bias) auto_pad=NOTSET dilations=[1] group=1 pads=[1, 1] strides=[2]
%14 = Relu(%13)
%15 = Conv(%14, encoder.3.reparam_conv.weight, encoder.3.reparam_conv.bias) auto_pad=NOTSET dilations=[1] group=1 pads=[1, 1] strides=[1]
%16 = Relu(%15)
%17 = Gather(%16, 0) axis=2
%18 = Gather(state, 0) axis=0
%19 = Gather(state, 1) axis=0
%20 = Gemm(%18, decoder.rnn.weight_hh, decoder.rnn.bias_hh) alpha=1.0 beta=1.0 transA=0 transB=1
%21 = Gemm(%17, decoder.rnn.weight_ih, decoder.rnn.bias_ih) alpha=1.0 beta=1.0 transA=0 transB=1
%22 = Add(%20, %21)
%23, %24, %25, %26 = Split(%22) axis=1 num_outputs=4
%27 = Sigmoid(%23)
%28 = Sigmoid(%24)
%29 = Tanh(%25)
%30 = Sigmoid(%26)
%31 = Mul(%28, %19)
%32 = Mul(%27, %29)
%33 = Add(%31, %32)
%34 = Tanh(%33)
%35 = Mul(%30, %34)
%36 = Unsqueeze(%35, [-1])
%37 = Unsqueeze(%35, [0])
%38 = Unsqueeze(%33, [0])
%39 = Concat(%37, %38) axis=0
%40 = Relu(%36)
%41 = Conv(%40, decoder.decoder.2.weight, decoder.decoder.2.bias) auto_pad=NOTSET dilations=[1] group=1 pads=[0, 0] strides=[1]
%42 = Sigmoid(%41)
%43 = Squeeze(%42, [1])
%44 = ReduceMean(%43, [1]) keepdims=0 noop_with_empty_axes=0
%45 = Unsqueeze(%44, [1])
return %45, %39
";

/// Fails at the first operator that is not as in Silero.
pub(crate) fn check(graph: &Graph<'_>, branch: Branch) -> Result<(), GraphError> {
    compare(CHOICE, &describe(graph, graph, branch))?;
    let choice = graph.nodes.iter().find(|node| node.operator == b"If");
    let network = choice
        .and_then(|choice| choice.settings.get(branch.choice.as_bytes()))
        .and_then(|setting| setting.graph.as_ref());
    let network = network.map_or_else(String::new, |inner| describe(inner, graph, branch));
    let expected = NETWORK
        .replace("F/4", &(branch.frame / 4).to_string())
        .replace("F/2", &(branch.frame / 2).to_string())
        .replace("BINS", &branch.bins().to_string());
    compare(&expected, &network)
}

fn compare(expected: &str, found: &str) -> Result<(), GraphError> {
    let mut found = found.lines();
    for expected in expected.lines() {
        let found = found.next().unwrap_or_default();
        if found != expected {
            return Err(GraphError::Operator {
                expected: expected.to_owned(),
                found: found.to_owned(),
            });
        }
    }
    found.next().map_or(Ok(()), |found| {
        Err(GraphError::Operator {
            expected: String::new(),
            found: found.to_owned(),
        })
    })
}

/// One line for each operator, alike for all files that compute alike: values are numbered as they
/// come, small constants are told by what they hold and weights by their name.
fn describe(graph: &Graph<'_>, constants: &Graph<'_>, branch: Branch) -> String {
    let mut numbers = HashMap::new();
    let mut text = String::new();
    for node in &graph.nodes {
        let inputs = node.inputs.iter().map(|input| {
            if let Some(number) = numbers.get(input) {
                return format!("%{number}");
            }
            let tensor = constants.tensors.get(input);
            tensor.map_or_else(
                || String::from_utf8_lossy(input).into_owned(),
                |tensor| constant(input, tensor, branch),
            )
        });
        let inputs = inputs.collect::<Vec<_>>().join(", ");
        let outputs = node.outputs.iter().map(|output| {
            let number = numbers.len();
            numbers.insert(*output, number);
            format!("%{number}")
        });
        let outputs = outputs.collect::<Vec<_>>().join(", ");
        let operator = String::from_utf8_lossy(node.operator);
        let _ = write!(text, "{outputs} = {operator}({inputs})");
        for (name, setting) in &node.settings {
            if setting.graph.is_none() {
                let _ = write!(
                    text,
                    " {}={}",
                    String::from_utf8_lossy(name),
                    value(setting)
                );
            }
        }
        text.push('\n');
    }
    let returned = graph.outputs.iter().map(|output| {
        let number = numbers.get(output).map(ToString::to_string);
        format!("%{}", number.unwrap_or_default())
    });
    let _ = writeln!(text, "return {}", returned.collect::<Vec<_>>().join(", "));
    text
}

fn constant(name: &[u8], tensor: &Tensor<'_>, branch: Branch) -> String {
    if let Some(integers) = tensor.integers() {
        return match integers.as_slice() {
            [integer] if tensor.shape.is_empty() => integer.to_string(),
            integers => format!("{integers:?}"),
        };
    }
    if tensor.shape.is_empty()
        && let Some(&[float]) = tensor.floats().as_deref()
    {
        return float.to_string();
    }
    let name = String::from_utf8_lossy(name);
    let own = name.strip_prefix(branch.prefix);
    let own = own.and_then(|own| own.strip_prefix('.'));
    own.unwrap_or(&name).to_owned()
}

fn value(setting: &Setting<'_>) -> String {
    // A setting is of one type, and its number tells which of its fields holds it.
    match setting.kind {
        Setting::FLOAT => format!("{:?}", setting.float),
        Setting::INTEGER => setting.integer.to_string(),
        Setting::INTEGERS => format!("{:?}", setting.integers),
        _ => String::from_utf8_lossy(setting.text).into_owned(),
    }
}
