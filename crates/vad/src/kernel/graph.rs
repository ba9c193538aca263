//! The parts of an ONNX file that tell what it computes: operators, their inputs and settings, and
//! the constant tensors.

use std::collections::{BTreeMap, HashMap};

use super::wire::{Fields, MalformedMessage, Value};

/// A graph of operators in the order in which they are computed. What is borrowed is the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    pub(crate) outputs: Vec<&'a [u8]>,
    pub(crate) tensors: HashMap<&'a [u8], Tensor<'a>>,
}

/// One operator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node<'a> {
    pub(crate) operator: &'a [u8],
    pub(crate) inputs: Vec<&'a [u8]>,
    pub(crate) outputs: Vec<&'a [u8]>,
    pub(crate) settings: BTreeMap<&'a [u8], Setting<'a>>,
}

/// A setting of an operator; which of the fields it uses depends on the operator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setting<'a> {
    /// The number of its type in the format.
    pub(crate) kind: i64,
    pub(crate) float: f32,
    pub(crate) integer: i64,
    pub(crate) integers: Vec<i64>,
    pub(crate) text: &'a [u8],
    pub(crate) graph: Option<Graph<'a>>,
}

/// A constant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tensor<'a> {
    pub(crate) shape: Vec<i64>,
    /// The element type's number in the format.
    element: i64,
    /// Little-endian elements, row by row.
    data: &'a [u8],
}

const ELEMENT_F32: i64 = 1;
const ELEMENT_I64: i64 = 7;

/// Graphs within graphs that are followed; Silero's are one deep.
const DEPTH: usize = 4;

impl<'a> Graph<'a> {
    /// Reads the graph of a model file.
    pub(crate) fn read(file: &'a [u8]) -> Result<Self, MalformedMessage> {
        let mut graph = Self::default();
        for field in Fields::new(file) {
            if let (7, Value::Bytes(message)) = field? {
                graph = Self::read_message(message, DEPTH)?;
            }
        }
        Ok(graph)
    }

    fn read_message(message: &'a [u8], depth: usize) -> Result<Self, MalformedMessage> {
        let mut graph = Self::default();
        for field in Fields::new(message) {
            match field? {
                (1, Value::Bytes(node)) => graph.nodes.push(Node::read(node, depth)?),
                (5, Value::Bytes(tensor)) => {
                    let (name, tensor) = Tensor::read(tensor)?;
                    graph.tensors.insert(name, tensor);
                }
                (12, Value::Bytes(description)) => {
                    let mut name: &[u8] = &[];
                    for field in Fields::new(description) {
                        if let (1, value) = field? {
                            name = value.bytes();
                        }
                    }
                    graph.outputs.push(name);
                }
                _ => {}
            }
        }
        Ok(graph)
    }
}

impl<'a> Node<'a> {
    fn read(message: &'a [u8], depth: usize) -> Result<Self, MalformedMessage> {
        let mut node = Self::default();
        for field in Fields::new(message) {
            match field? {
                (1, input) => node.inputs.push(input.bytes()),
                (2, output) => node.outputs.push(output.bytes()),
                (4, operator) => node.operator = operator.bytes(),
                (5, Value::Bytes(setting)) => {
                    let (name, setting) = Setting::read(setting, depth)?;
                    node.settings.insert(name, setting);
                }
                _ => {}
            }
        }
        Ok(node)
    }
}

impl<'a> Setting<'a> {
    pub(crate) const FLOAT: i64 = 1;
    pub(crate) const INTEGER: i64 = 2;
    pub(crate) const INTEGERS: i64 = 7;

    fn read(message: &'a [u8], depth: usize) -> Result<(&'a [u8], Self), MalformedMessage> {
        let mut name: &[u8] = &[];
        let mut setting = Self::default();
        for field in Fields::new(message) {
            match field? {
                (1, value) => name = value.bytes(),
                (2, value) => setting.float = value.float(),
                (3, value) => setting.integer = value.integer(),
                (4, value) => setting.text = value.bytes(),
                (6, Value::Bytes(graph)) if depth > 0 => {
                    setting.graph = Some(Graph::read_message(graph, depth - 1)?);
                }
                (8, value) => value.append_integers(&mut setting.integers)?,
                (20, value) => setting.kind = value.integer(),
                _ => {}
            }
        }
        Ok((name, setting))
    }
}

impl<'a> Tensor<'a> {
    fn read(message: &'a [u8]) -> Result<(&'a [u8], Self), MalformedMessage> {
        let mut name: &[u8] = &[];
        let mut tensor = Self::default();
        for field in Fields::new(message) {
            match field? {
                (1, value) => value.append_integers(&mut tensor.shape)?,
                (2, value) => tensor.element = value.integer(),
                (8, value) => name = value.bytes(),
                (9, value) => tensor.data = value.bytes(),
                _ => {}
            }
        }
        Ok((name, tensor))
    }

    /// Its values if it holds `f32`, as many as its shape says.
    pub(crate) fn floats(&self) -> Option<Vec<f32>> {
        let (values, rest) = self.data.as_chunks();
        let whole = self.element == ELEMENT_F32 && rest.is_empty() && self.holds(values.len());
        whole.then(|| values.iter().copied().map(f32::from_le_bytes).collect())
    }

    /// Its values if it holds `i64`, as many as its shape says.
    pub(crate) fn integers(&self) -> Option<Vec<i64>> {
        let (values, rest) = self.data.as_chunks();
        let whole = self.element == ELEMENT_I64 && rest.is_empty() && self.holds(values.len());
        whole.then(|| values.iter().copied().map(i64::from_le_bytes).collect())
    }

    fn holds(&self, values: usize) -> bool {
        let mut sizes = self.shape.iter();
        let expected = sizes.try_fold(1_i64, |product, &size| product.checked_mul(size));
        expected.is_some_and(|expected| usize::try_from(expected) == Ok(values))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A field whose value is bytes shorter than 128.
    fn field(number: u8, value: &[u8]) -> Vec<u8> {
        let length = u8::try_from(value.len()).expect("a short value");
        assert!(length < 128);
        [&[number << 3 | 2, length], value].concat()
    }

    fn tensor(name: &str, shape: &[u8], element: u8, data: &[u8]) -> Vec<u8> {
        let parts = [
            field(1, shape),
            vec![2 << 3, element],
            field(8, name.as_bytes()),
            field(9, data),
        ];
        field(5, &parts.concat())
    }

    #[test]
    fn operators_and_tensors_are_read() {
        let setting = [field(1, b"strides"), vec![8 << 3, 2]].concat();
        let node = [
            field(1, b"x"),
            field(1, b"w"),
            field(2, b"y"),
            field(4, b"Conv"),
            field(5, &setting),
        ];
        let graph = [
            field(1, &node.concat()),
            tensor("w", &[1, 2], 1, &[0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]),
        ];
        let file = field(7, &graph.concat());

        let graph = Graph::read(&file).expect("a model");

        let [node] = graph.nodes.as_slice() else {
            panic!("one operator, not {:?}", graph.nodes);
        };
        assert_eq!(node.operator, b"Conv");
        assert_eq!(node.inputs, [b"x", b"w"]);
        assert_eq!(node.outputs, [b"y"]);
        assert_eq!(node.settings[b"strides".as_slice()].integers, [2]);
        assert_eq!(graph.tensors[b"w".as_slice()].shape, [1, 2]);
        assert_eq!(
            graph.tensors[b"w".as_slice()].floats(),
            Some(vec![1.0, 2.0])
        );
        assert_eq!(graph.tensors[b"w".as_slice()].integers(), None);
    }

    #[test]
    fn a_tensor_whose_data_do_not_fill_its_shape_has_no_values() {
        for shape in [[1, 1], [1, 3]] {
            let file = field(7, &tensor("w", &shape, 1, &[0; 8]));

            let graph = Graph::read(&file).expect("a model");

            assert_eq!(graph.tensors[b"w".as_slice()].floats(), None);
        }
    }

    #[test]
    fn graphs_nested_beyond_measure_are_not_followed() {
        let mut graph = Vec::new();
        for _ in 0..12 {
            let node = field(5, &field(6, &graph));
            graph = field(1, &node);
        }

        let file = field(7, &graph);

        let mut graph = Graph::read(&file).expect("a model");

        let mut depth = 0;
        while let Some(node) = graph.nodes.pop()
            && let Some(inner) = node
                .settings
                .into_values()
                .find_map(|setting| setting.graph)
        {
            graph = inner;
            depth += 1;
        }
        assert_eq!(depth, DEPTH);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = Graph::read(&bytes);
            let _ = Graph::read(&field(7, &bytes[..bytes.len().min(100)]));
        }
    }
}
