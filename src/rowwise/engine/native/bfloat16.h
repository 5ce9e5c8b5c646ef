// float32 ↔ bfloat16, which is its upper half: the same exponents, eight significant bits. A product takes two of them at
// once, neighbours in its depth: a Pair.
//
// The processor's own instructions, where the compilation has them (-mavx512bf16); else the same bits, number by number,
// which only tests use: -DROWWISE_BFLOAT16 makes a compilation's networks round, and nothing else does.
#pragma once
#include <algorithm>

#include "vector.h"

namespace rowwise::ROWWISE_ISA {

#if defined(ROWWISE_BFLOAT16)
inline constexpr bool kBfloat16 = true;
#else
inline constexpr bool kBfloat16 = false;
#endif
#if defined(__AVX512BF16__) && !defined(ROWWISE_EMULATED_BFLOAT16)
#define ROWWISE_HAS_BFLOAT16
#endif

using Pair = std::uint32_t;  // the first of two neighbours in its lower half

// The float32 nearest to v that bfloat16 has, of two the even one, as vcvtneps2bf16 rounds: NaN stays NaN, denormals are
// zero.
inline float rounded(float v) {
  const auto bits = std::bit_cast<std::uint32_t>(v);
  const std::uint32_t sign = bits & 0x80000000, size = bits ^ sign;
  if (size > 0x7f800000) return std::bit_cast<float>((bits | 0x00400000) & 0xffff0000);
  if (size < 0x00800000) return std::bit_cast<float>(sign);
  return std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
}
inline Pair pair_of(float first, float second) {
  return std::bit_cast<Pair>(rounded(first)) >> 16 | std::bit_cast<Pair>(rounded(second));
}

inline Vec<float> rounded(Vec<float> v) {
#if defined(ROWWISE_HAS_BFLOAT16)
  const __m256i halves = (__m256i)_mm512_cvtneps_pbh((__m512)v);
  return (Vec<float>)_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16);
#else
  for (int i = 0; i < kWidth<float>; ++i) v[i] = rounded(v[i]);
  return v;
#endif
}

// Number by number: pairs[i] of first[i] and second[i].
inline Vec<Pair> pairs_of(Vec<float> first, Vec<float> second) {
#if defined(ROWWISE_HAS_BFLOAT16)
  const __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)first));
  const __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)second));
  return (Vec<Pair>)_mm512_or_si512(low, _mm512_slli_epi32(high, 16));
#else
  Vec<Pair> pairs{};
  for (int i = 0; i < kWidth<float>; ++i) pairs[i] = pair_of(first[i], second[i]);
  return pairs;
#endif
}
// Neighbours: of a and then of b, numbers 0 and 1, 2 and 3, ...
inline Vec<Pair> neighbours(Vec<float> a, Vec<float> b) {
#if defined(ROWWISE_HAS_BFLOAT16)
  return (Vec<Pair>)(__m512i)_mm512_cvtne2ps_pbh((__m512)b, (__m512)a);
#else
  Vec<Pair> pairs{};
  constexpr int half = kWidth<float> / 2;
  for (int i = 0; i < half; ++i) {
    pairs[i] = pair_of(a[2 * i], a[2 * i + 1]);
    pairs[half + i] = pair_of(b[2 * i], b[2 * i + 1]);
  }
  return pairs;
#endif
}

// sums + a.second * b.second, rounded, and then + a.first * b.first, rounded, as vdpbf16ps does: to the nearest, of two to
// the even one, denormals being zero; the products themselves are exact.
inline Vec<float> add_products(Vec<float> sums, Vec<Pair> a, Vec<Pair> b) {
#if defined(ROWWISE_HAS_BFLOAT16)
  return (Vec<float>)_mm512_dpbf16_ps((__m512)sums, (__m512bh)(__m512i)a, (__m512bh)(__m512i)b);
#else
  const auto first = [](Pair p) { return std::bit_cast<float>(p << 16); };
  const auto second = [](Pair p) { return std::bit_cast<float>(p & 0xffff0000); };
  for (int i = 0; i < kWidth<float>; ++i)
    sums[i] = std::fma(first(a[i]), first(b[i]), std::fma(second(a[i]), second(b[i]), sums[i]));
  return sums;
#endif
}

// The first n numbers from p on, aligned or not, and zeros: nothing behind them is read.
inline Vec<float> load_some(const float* p, int n) {
  n = std::clamp(n, 0, kWidth<float>);
#if defined(__AVX512F__)
  return (Vec<float>)_mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), p);
#else
  Vec<float> v{};
  for (int i = 0; i < n; ++i) v[i] = p[i];
  return v;
#endif
}
// As many bytes as a vector has numbers, times a scale.
inline Vec<float> load_bytes(const std::uint8_t* p, float scale) {
#if defined(__AVX512F__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return (Vec<float>)_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)) * scale;
#else
  Vec<float> v{};
  for (int i = 0; i < kWidth<float>; ++i) v[i] = float(p[i]) * scale;
  return v;
#endif
}

// Bit i is set where pairs[i] has a number that is not zero.
inline std::uint32_t nonzero(Vec<Pair> pairs) {
  constexpr Pair kSize = 0x7fff7fff;  // without the signs
#if defined(__AVX512F__)
  return _mm512_test_epi32_mask((__m512i)pairs, _mm512_set1_epi32(kSize));
#else
  std::uint32_t mask = 0;
  for (int i = 0; i < kWidth<float>; ++i) mask |= std::uint32_t((pairs[i] & kSize) != 0) << i;
  return mask;
#endif
}

// rows (4, places), a vector of each → to (places, 4).
inline void interleave4(const Vec<Pair> (&rows)[4], Pair* to) {
#if defined(__AVX512F__)
  const auto row = [&](int r) { return (__m512i)rows[r]; };
  const __m512i low01 = _mm512_unpacklo_epi32(row(0), row(1)), high01 = _mm512_unpackhi_epi32(row(0), row(1));
  const __m512i low23 = _mm512_unpacklo_epi32(row(2), row(3)), high23 = _mm512_unpackhi_epi32(row(2), row(3));
  const __m512i m0 = _mm512_unpacklo_epi64(low01, low23), m1 = _mm512_unpackhi_epi64(low01, low23);  // places 4 i, 4 i + 1
  const __m512i m2 = _mm512_unpacklo_epi64(high01, high23), m3 = _mm512_unpackhi_epi64(high01, high23);
  const __m512i a = _mm512_shuffle_i32x4(m0, m1, 0x44), b = _mm512_shuffle_i32x4(m2, m3, 0x44);
  const __m512i c = _mm512_shuffle_i32x4(m0, m1, 0xee), d = _mm512_shuffle_i32x4(m2, m3, 0xee);
  _mm512_storeu_si512(to, _mm512_shuffle_i32x4(a, b, 0x88));
  _mm512_storeu_si512(to + 16, _mm512_shuffle_i32x4(a, b, 0xdd));
  _mm512_storeu_si512(to + 32, _mm512_shuffle_i32x4(c, d, 0x88));
  _mm512_storeu_si512(to + 48, _mm512_shuffle_i32x4(c, d, 0xdd));
#else
  for (int i = 0; i < kWidth<float>; ++i)
    for (int r = 0; r < 4; ++r) to[4 * i + r] = rows[r][i];
#endif
}

// Four numbers of two rows → to (4,), whose pairs are of both rows; whether one of them is not zero.
inline bool pair4(const float* first, const float* second, Pair* to) {
#if defined(ROWWISE_HAS_BFLOAT16)
  const __m256 both = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(first)), _mm_loadu_ps(second), 1);
  const __m128i halves = (__m128i)_mm256_cvtneps_pbh(both);
  const __m128i pairs = _mm_unpacklo_epi16(halves, _mm_unpackhi_epi64(halves, halves));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), pairs);
  return _mm_test_epi32_mask(pairs, _mm_set1_epi32(0x7fff7fff)) != 0;
#else
  Pair any = 0;
  for (int r = 0; r < 4; ++r) any |= to[r] = pair_of(first[r], second[r]);
  return (any & 0x7fff7fff) != 0;
#endif
}
// The same of bytes, times a scale.
inline bool pair4(const std::uint8_t* first, const std::uint8_t* second, float scale, Pair* to) {
#if defined(__AVX512F__)
  int a, b;
  std::memcpy(&a, first, 4);
  std::memcpy(&b, second, 4);
  const __m256i numbers = _mm256_cvtepu8_epi32(_mm_unpacklo_epi32(_mm_cvtsi32_si128(a), _mm_cvtsi32_si128(b)));
  alignas(32) float both[8];
  _mm256_store_ps(both, _mm256_mul_ps(_mm256_cvtepi32_ps(numbers), _mm256_set1_ps(scale)));
  return pair4(both, both + 4, to);
#else
  float a[4], b[4];
  for (int r = 0; r < 4; ++r) a[r] = float(first[r]) * scale, b[r] = float(second[r]) * scale;
  return pair4(a, b, to);
#endif
}

}  // namespace rowwise::ROWWISE_ISA
