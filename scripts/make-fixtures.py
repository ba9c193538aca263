#!/usr/bin/env python3
"""Makes the WAV files of fixtures/ from the rows of fixtures/manifest.tsv.

Needed only to add or renew a fixture; the WAV files themselves are in the
repository. It wants the Debian packages ffmpeg (nothing else there decodes raw
G.722), flite, and asterisk-core-sounds-{en,fr,es}-g722.

    scripts/make-fixtures.py FILE...     the named rows
    scripts/make-fixtures.py             every row

The last word of a row's source names the prompt in its package (recorded) or
the flite voice that speaks the transcript (synthesised). The audio is decoded
to 16 kHz mono 16-bit PCM and its edges are set to 100 ms of silence: what is
longer is cut, what is shorter is filled with zeros. Nothing between them is
changed. The durations printed belong in the manifest. Prompts come out the
same each time; flite's excitation is random, so speech of its own does not.
"""

import array
import csv
import math
import pathlib
import subprocess
import sys
import tempfile
import wave

RATE = 16_000
EDGE = RATE // 10
BLOCK = RATE // 100
AUDIBLE_DBFS = -45.0

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
SOUNDS = pathlib.Path("/usr/share/asterisk/sounds")
VOICES = {"en": "en_US_f_Allison", "fr": "fr_CA_f_June", "es": "es_MX_f_Allison"}


def main(names):
    with open(FIXTURES / "manifest.tsv", encoding="utf-8", newline="") as manifest:
        rows = {row["file"]: row for row in csv.DictReader(manifest, delimiter="\t")}
    for name in names or rows:
        if name not in rows:
            sys.exit(f"{name}: not a file of fixtures/manifest.tsv")
        samples = with_quiet_edges(MAKE[rows[name]["kind"]](rows[name]))
        write(FIXTURES / name, samples)
        print(f"{name}\t{len(samples) / RATE:.2f}")


def recorded(row):
    language, prompt = row["language"], row["source"].split()[-1]
    source = SOUNDS / VOICES[language] / f"{prompt}.g722"
    if not source.exists():
        sys.exit(f"{source}: missing; install asterisk-core-sounds-{language}-g722")
    return decode(["-f", "g722", "-i", source])


def synthesised(row):
    voice = row["source"].split()[-1]
    with tempfile.NamedTemporaryFile(suffix=".wav") as spoken:
        command = ["flite", "-voice", voice, "-t", row["transcript"], "-o", spoken.name]
        subprocess.run(command, check=True)
        return decode(["-i", spoken.name])


MAKE = {"recorded": recorded, "synthesised": synthesised}


def decode(source):
    command = ["ffmpeg", "-v", "error", *source]
    command += ["-f", "s16le", "-ac", "1", "-ar", str(RATE), "-"]
    samples = array.array("h", subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def with_quiet_edges(samples):
    audible = [
        start
        for start in range(0, len(samples) - BLOCK + 1, BLOCK)
        if level_dbfs(samples[start : start + BLOCK]) > AUDIBLE_DBFS
    ]
    if not audible:
        sys.exit("the recording is silent")
    first, last = audible[0] - EDGE, audible[-1] + BLOCK + EDGE
    before = array.array("h", [0] * max(0, -first))
    after = array.array("h", [0] * max(0, last - len(samples)))
    return before + samples[max(0, first) : last] + after


def level_dbfs(samples):
    mean_square = sum(sample * sample for sample in samples) / len(samples)
    return 10 * math.log10(mean_square / 32768**2 + 1e-12)


def write(path, samples):
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(str(path), "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(RATE)
        output.writeframes(samples.tobytes())


if __name__ == "__main__":
    main(sys.argv[1:])
