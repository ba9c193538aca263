#!/usr/bin/env python3
"""Makes the reference that `tests/reference.rs` checks this crate against.

Nothing of the crate takes part in it: the features come from Hugging Face's
`WhisperFeatureExtractor`, set up as Pipecat's Smart Turn analyser sets up its
own, and the probabilities from the model file run by ONNX Runtime in Python.
The files here were made with Python 3.12, transformers 5.23.0 (without torch,
so that its NumPy code computes), numpy 2.4.6 and onnxruntime 1.32.0.

    pip install numpy==2.4.6 transformers==5.23.0 onnxruntime==1.32.0
    crates/smart-turn/tests/reference/generate.py

It writes two files beside itself:

- `cases.csv`: a row for each stretch of a fixture: `file`, its first sample and
  the one past its last, and the `probability` that the turn is complete.
- `features.i16`: for each row in order, and each frame of FRAMES in order, the 80
  features in ten-thousandths as little-endian 16-bit integers.
"""

import csv
import wave
from pathlib import Path

import numpy as np
import onnxruntime
from transformers import WhisperFeatureExtractor

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[3]
RATE = 16_000
HEARD = 8 * RATE

# The first and last frames, where the audio is mirrored, and some of all others.
FRAMES = sorted({0, 1, 2, 797, 798, 799} | set(range(7, 800, 41)))

# Whole files and pieces: longer than 8 s, shorter by a part of a frame, lengths
# that are no whole number of hops, cut in the middle of a word, very short, none.
CASES = [
    ("ast_en_vm-msginstruct.wav", 0, None),
    ("ast_en_vm-msginstruct.wav", 1_003, 128_903),
    ("ast_en_ss-noservice.wav", 0, None),
    ("ast_en_vm-review.wav", 0, 51_437),
    ("ast_en_hello.wav", 0, None),
    ("ast_fr_vm-newuser.wav", 0, None),
    ("syn_en_pay-bill.wav", 0, None),
    ("ast_en_goodbye.wav", 5_000, 5_300),
    ("ast_en_goodbye.wav", 0, 0),
]


def samples(file, first, end):
    with wave.open(str(PROJECT / "fixtures" / file)) as wav:
        assert wav.getframerate() == RATE and wav.getnchannels() == 1
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2")
    end = len(pcm) if end is None else end
    return first, end, pcm[first:end].astype(np.float32) / 32_768


def main():
    extractor = WhisperFeatureExtractor(chunk_length=8)
    model = onnxruntime.InferenceSession(
        str(PROJECT / "models/smart-turn-v3.2-cpu.onnx"), providers=["CPUExecutionProvider"]
    )
    with (
        open(HERE / "cases.csv", "w", newline="") as table,
        open(HERE / "features.i16", "wb") as features,
    ):
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(["file", "first", "end", "probability"])
        for file, first, end in CASES:
            first, end, heard = samples(file, first, end)
            heard = heard[-HEARD:]
            heard = np.pad(heard, (HEARD - len(heard), 0))
            log_mel = extractor(
                heard,
                sampling_rate=RATE,
                padding="max_length",
                max_length=HEARD,
                truncation=True,
                do_normalize=True,
                return_tensors="np",
            ).input_features.astype(np.float32)
            assert log_mel.shape == (1, 80, 800)
            (probability,) = model.run(None, {"input_features": log_mel})[0][0]
            rows.writerow([file, first, end, f"{probability:.6f}"])
            chosen = log_mel[0][:, FRAMES].T
            features.write(np.rint(chosen * 10_000).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
