//! Arithmetic on several values at once, with the instructions that the processor has. This is the
//! one place that needs `unsafe`; what is built on it is the same code for every processor.
//!
//! A value of a type that implements [`Simd`] is the proof that the processor has the
//! instructions: it is handed to every operation, and [`Avx2::detect`] and its like are the only
//! source of one.

use std::fmt::Debug;

/// A set of instructions. Operations work lane by lane.
pub(crate) trait Simd: Copy + Debug + Send + Sync + 'static {
    /// The values of [`Simd::WIDTH`] lanes.
    type Lanes: Copy + Debug + Send + Sync;
    const WIDTH: usize;

    fn splat(self, value: f32) -> Self::Lanes;
    /// The first values of `from`, which has no fewer than there are lanes.
    fn load(self, from: &[f32]) -> Self::Lanes;
    /// Writes to the beginning of `to`, which has no fewer values than there are lanes.
    fn store(self, lanes: Self::Lanes, to: &mut [f32]);
    /// `a * b + c`, rounded once where the instructions do so.
    fn mul_add(self, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes;
    fn mul(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    fn div(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    fn min(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    fn max(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    fn sqrt(self, a: Self::Lanes) -> Self::Lanes;

    /// Does the task with these instructions. Everything in it that is not inlined is compiled
    /// without them, so a task is all `#[inline(always)]`.
    fn run<T: Task<Self>>(self, task: T);
}

/// Something to do with a set of instructions.
pub(crate) trait Task<S: Simd> {
    fn run(self, simd: S);
}

/// What every processor that the compiler was told of has: the compiler makes of it what it can.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

/// Eight sums of so many lanes are what the kernel keeps at once: with sixteen registers of 128
/// bits, more than these four lanes each would spill to memory.
const PORTABLE_WIDTH: usize = if cfg!(target_arch = "aarch64") { 8 } else { 4 };

impl Portable {
    #[inline(always)]
    fn each(
        a: [f32; PORTABLE_WIDTH],
        b: [f32; PORTABLE_WIDTH],
        operation: impl Fn(f32, f32) -> f32,
    ) -> [f32; PORTABLE_WIDTH] {
        std::array::from_fn(|lane| operation(a[lane], b[lane]))
    }
}

impl Simd for Portable {
    type Lanes = [f32; PORTABLE_WIDTH];
    const WIDTH: usize = PORTABLE_WIDTH;

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Lanes {
        [value; PORTABLE_WIDTH]
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::Lanes {
        let mut lanes = [0.0; PORTABLE_WIDTH];
        lanes.copy_from_slice(&from[..PORTABLE_WIDTH]);
        lanes
    }

    #[inline(always)]
    fn store(self, lanes: Self::Lanes, to: &mut [f32]) {
        to[..PORTABLE_WIDTH].copy_from_slice(&lanes);
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
        std::array::from_fn(|lane| {
            // Without the instruction, the function would be a call into a library.
            if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
                a[lane].mul_add(b[lane], c[lane])
            } else {
                a[lane] * b[lane] + c[lane]
            }
        })
    }

    #[inline(always)]
    fn mul(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        Self::each(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        Self::each(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn min(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        Self::each(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn max(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        Self::each(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn sqrt(self, a: Self::Lanes) -> Self::Lanes {
        a.map(f32::sqrt)
    }

    fn run<T: Task<Self>>(self, task: T) {
        task.run(self);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #![allow(
        unsafe_code,
        reason = "vector instructions are unsafe to use where the processor may lack them"
    )]

    use std::arch::x86_64::*;

    use super::{Simd, Task};

    /// Implements [`Simd`] with the named intrinsics for the named processor features.
    macro_rules! instructions {
        (
            $(#[$documentation:meta])*
            $name:ident: $width:literal lanes of $lanes:ident with $features:literal,
            detected by $detected:expr,
            $splat:ident $load:ident $store:ident $mul_add:ident $mul:ident $div:ident
            $min:ident $max:ident $sqrt:ident
        ) => {
            $(#[$documentation])*
            #[derive(Clone, Copy, Debug)]
            pub(crate) struct $name(());

            impl $name {
                /// Proves that the processor has the instructions; `None` if it has not.
                pub(crate) fn detect() -> Option<Self> {
                    $detected.then_some(Self(()))
                }
            }

            // SAFETY: in all of these, `self` exists, so the processor has the instructions.
            impl Simd for $name {
                type Lanes = $lanes;
                const WIDTH: usize = $width;

                #[inline(always)]
                fn splat(self, value: f32) -> $lanes {
                    // SAFETY: see above.
                    unsafe { $splat(value) }
                }

                #[inline(always)]
                fn load(self, from: &[f32]) -> $lanes {
                    let from = &from[..$width];
                    // SAFETY: see above; as many values as there are lanes are there to be read,
                    // and the instruction reads them from any address.
                    unsafe { $load(from.as_ptr()) }
                }

                #[inline(always)]
                fn store(self, lanes: $lanes, to: &mut [f32]) {
                    let to = &mut to[..$width];
                    // SAFETY: see above; as many values as there are lanes are there to be
                    // written, and the instruction writes them to any address.
                    unsafe { $store(to.as_mut_ptr(), lanes) }
                }

                #[inline(always)]
                fn mul_add(self, a: $lanes, b: $lanes, c: $lanes) -> $lanes {
                    // SAFETY: see above.
                    unsafe { $mul_add(a, b, c) }
                }

                #[inline(always)]
                fn mul(self, a: $lanes, b: $lanes) -> $lanes {
                    // SAFETY: see above.
                    unsafe { $mul(a, b) }
                }

                #[inline(always)]
                fn div(self, a: $lanes, b: $lanes) -> $lanes {
                    // SAFETY: see above.
                    unsafe { $div(a, b) }
                }

                #[inline(always)]
                fn min(self, a: $lanes, b: $lanes) -> $lanes {
                    // SAFETY: see above.
                    unsafe { $min(a, b) }
                }

                #[inline(always)]
                fn max(self, a: $lanes, b: $lanes) -> $lanes {
                    // SAFETY: see above.
                    unsafe { $max(a, b) }
                }

                #[inline(always)]
                fn sqrt(self, a: $lanes) -> $lanes {
                    // SAFETY: see above.
                    unsafe { $sqrt(a) }
                }

                fn run<T: Task<Self>>(self, task: T) {
                    #[target_feature(enable = $features)]
                    fn with_instructions<T: Task<$name>>(simd: $name, task: T) {
                        task.run(simd);
                    }
                    // SAFETY: see above.
                    unsafe { with_instructions(self, task) }
                }
            }
        };
    }

    instructions! {
        /// AVX2 and FMA: processors since 2013.
        Avx2: 8 lanes of __m256 with "avx2,fma",
        detected by is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
        _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_fmadd_ps _mm256_mul_ps _mm256_div_ps
        _mm256_min_ps _mm256_max_ps _mm256_sqrt_ps
    }

    instructions! {
        /// AVX-512 (F): lanes of 512 bits.
        Avx512: 16 lanes of __m512 with "avx512f",
        detected by is_x86_feature_detected!("avx512f"),
        _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_fmadd_ps _mm512_mul_ps _mm512_div_ps
        _mm512_min_ps _mm512_max_ps _mm512_sqrt_ps
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};
