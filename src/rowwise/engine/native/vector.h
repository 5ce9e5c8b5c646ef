// An instruction set → its vector register of floats or doubles: the compiler's vector extension, and the few
// instructions that it cannot express.
#pragma once
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) || defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#ifndef ROWWISE_ISA
#error "ROWWISE_ISA names the instruction set, and the namespace, of this compilation"
#endif

namespace rowwise::ROWWISE_ISA {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
inline constexpr int kRegisters = 32;
#elif defined(__AVX2__)
inline constexpr int kVectorBytes = 32;
inline constexpr int kRegisters = 16;
#elif defined(__ARM_NEON)
inline constexpr int kVectorBytes = 16;
inline constexpr int kRegisters = 32;
#else
inline constexpr int kVectorBytes = 16;
inline constexpr int kRegisters = 16;
#endif

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(kVectorBytes), may_alias));
};
template <class T>
using Vec = typename VectorOf<T>::type;
template <class T>
inline constexpr int kWidth = kVectorBytes / sizeof(T);

template <class T>
inline Vec<T> load(const T* p) {
  return *reinterpret_cast<const Vec<T>*>(p);
}
template <class T>
inline void store(T* p, Vec<T> v) {
  *reinterpret_cast<Vec<T>*>(p) = v;
}
// p, forced into one register: an address made of two would split every multiply-add that loads from it in two.
template <class T>
inline const T* in_register(const T* p) {
  asm("" : "+r"(p));
  return p;
}
template <class T>
inline Vec<T> maximum(Vec<T> a, Vec<T> b) {
  return a > b ? a : b;
}

template <class T>
inline Vec<T> square_root(Vec<T> v) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_sqrt_ps((__m512)v);
  else return (Vec<T>)_mm512_sqrt_pd((__m512d)v);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_sqrt_ps((__m256)v);
  else return (Vec<T>)_mm256_sqrt_pd((__m256d)v);
#elif defined(__SSE2__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm_sqrt_ps((__m128)v);
  else return (Vec<T>)_mm_sqrt_pd((__m128d)v);
#else
  for (int i = 0; i < kWidth<T>; ++i) v[i] = std::sqrt(v[i]);
  return v;
#endif
}

// a / (sqrt(v) + epsilon), v >= 0: Adam's step. AVX-512 divides and takes roots ten times slower than it multiplies, so
// both are estimated to 14 bits and refined by one step of Newton's, to about one unit in the last place.
template <class T>
inline Vec<T> divide_by_root(Vec<T> a, Vec<T> v, Vec<T> epsilon) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    const __m512 x = (__m512)maximum<T>(v, Vec<T>{} + T(1e-35));
    const __m512 r = _mm512_rsqrt14_ps(x);
    const __m512 s0 = _mm512_mul_ps(x, r);
    const __m512 half = _mm512_mul_ps(r, _mm512_set1_ps(0.5f));
    const __m512 s = _mm512_fmadd_ps(_mm512_fnmadd_ps(s0, s0, x), half, s0);
    const __m512 d = _mm512_add_ps(s, (__m512)epsilon);
    const __m512 q = _mm512_rcp14_ps(d);
    const __m512 aq = _mm512_mul_ps((__m512)a, q);
    return (Vec<T>)_mm512_fmadd_ps(_mm512_fnmadd_ps(d, q, _mm512_set1_ps(1.f)), aq, aq);
  }
#endif
  return a / (square_root<T>(v) + epsilon);
}

// p (n,), n <= 64, aligned or not → bit i is set where p[i] is not zero. No vector beyond the n-th number is read:
// another thread may be writing there. Bits from n on are whatever the last vector holds; the caller clears them.
template <class T>
inline std::uint64_t nonzero64(const T* p, int n) {
  std::uint64_t mask = 0;
  if constexpr (sizeof(T) == 4) {
#if defined(__AVX512F__)
    for (int i = 0; i < n; i += 16)
      mask |= std::uint64_t(_mm512_cmp_ps_mask(_mm512_loadu_ps(p + i), _mm512_setzero_ps(), _CMP_NEQ_UQ)) << i;
    return mask;
#elif defined(__AVX2__)
    for (int i = 0; i < n; i += 8)
      mask |= std::uint64_t(_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(p + i), __m256{}, _CMP_NEQ_UQ))) << i;
    return mask;
#elif defined(__SSE2__)
    for (int i = 0; i < n; i += 4)
      mask |= std::uint64_t(_mm_movemask_ps(_mm_cmpneq_ps(_mm_loadu_ps(p + i), __m128{}))) << i;
    return mask;
#endif
  }
  for (int i = 0; i < n; ++i) mask |= std::uint64_t(p[i] != T(0)) << i;
  return mask;
}
// p (4,) → bit r is set where p[r] is not zero.
template <class T>
inline std::uint64_t nonzero4(const T* p) {
#if defined(__SSE2__)
  if constexpr (sizeof(T) == 4) return std::uint64_t(_mm_movemask_ps(_mm_cmpneq_ps(_mm_loadu_ps(p), __m128{})));
#elif defined(__ARM_NEON)
  if constexpr (sizeof(T) == 4) return vaddvq_u32(vbicq_u32(uint32x4_t{1, 2, 4, 8}, vceqzq_f32(vld1q_f32(p))));
#endif
  std::uint64_t mask = 0;
  for (int r = 0; r < 4; ++r) mask |= std::uint64_t(p[r] != T(0)) << r;
  return mask;
}
// p (64,) bytes → bit i is set where p[i] is not zero.
inline std::uint64_t nonzero64(const std::uint8_t* p) {
#if defined(__AVX512BW__)
  return _mm512_test_epi8_mask(_mm512_loadu_si512(p), _mm512_set1_epi8(-1));
#elif defined(__AVX2__)
  std::uint64_t mask = 0;
  for (int i = 0; i < 2; ++i) {
    const __m256i zero = _mm256_cmpeq_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p) + i), __m256i{});
    mask |= std::uint64_t(~std::uint32_t(_mm256_movemask_epi8(zero))) << 32 * i;
  }
  return mask;
#elif defined(__SSE2__)
  std::uint64_t mask = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i zero = _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + i), __m128i{});
    mask |= std::uint64_t(std::uint16_t(~_mm_movemask_epi8(zero))) << 16 * i;
  }
  return mask;
#else
  std::uint64_t mask = 0;
  for (int i = 0; i < 64; ++i) mask |= std::uint64_t(p[i] != 0) << i;
  return mask;
#endif
}
// Bits 0, 4, 8, ... of x → bits 0, 1, 2, ...
inline std::uint64_t every_fourth(std::uint64_t x) {
  x &= 0x1111111111111111;
  x = (x | x >> 3) & 0x0303030303030303;
  x = (x | x >> 6) & 0x000f000f000f000f;
  x = (x | x >> 12) & 0x000000ff000000ff;
  return (x | x >> 24) & 0xffff;
}

// p (16,) → bit i is set where p[i] is not zero.
inline std::uint64_t nonzero16(const std::uint32_t* p) {
#if defined(__AVX512F__)
  const __m512i x = _mm512_loadu_si512(p);
  return _mm512_test_epi32_mask(x, x);
#elif defined(__AVX2__)
  std::uint64_t zero = 0;
  for (int i = 0; i < 2; ++i) {
    const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p) + i);
    zero |= std::uint64_t(_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(x, __m256i{})))) << 8 * i;
  }
  return zero ^ 0xffff;
#elif defined(__SSE2__)
  std::uint64_t zero = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + i);
    zero |= std::uint64_t(_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(x, __m128i{})))) << 4 * i;
  }
  return zero ^ 0xffff;
#else
  std::uint64_t mask = 0;
  for (int i = 0; i < 16; ++i) mask |= std::uint64_t(p[i] != 0) << i;
  return mask;
#endif
}

// from (4, 16) bytes, rows `ld` apart → to (16,): to[i] holds from[r][i] as its r-th byte.
inline void interleave4(const std::uint8_t* from, std::ptrdiff_t ld, std::uint32_t* to) {
#if defined(__SSE2__)
  __m128i m[4];
  for (int r = 0; r < 4; ++r) m[r] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + r * ld));
  const __m128i low01 = _mm_unpacklo_epi8(m[0], m[1]), high01 = _mm_unpackhi_epi8(m[0], m[1]);
  const __m128i low23 = _mm_unpacklo_epi8(m[2], m[3]), high23 = _mm_unpackhi_epi8(m[2], m[3]);
  m[0] = _mm_unpacklo_epi16(low01, low23);
  m[1] = _mm_unpackhi_epi16(low01, low23);
  m[2] = _mm_unpacklo_epi16(high01, high23);
  m[3] = _mm_unpackhi_epi16(high01, high23);
  std::memcpy(to, m, 64);
#elif defined(__ARM_NEON)
  uint8x16x4_t m;
  for (int r = 0; r < 4; ++r) m.val[r] = vld1q_u8(from + r * ld);
  vst4q_u8(reinterpret_cast<std::uint8_t*>(to), m);
#else
  for (int i = 0; i < 16; ++i) {
    to[i] = 0;
    for (int r = 0; r < 4; ++r) to[i] |= std::uint32_t(from[r * ld + i]) << 8 * r;
  }
#endif
}
// from (4, 4), rows `ld` apart → to (4, 4), its transpose, contiguous.
template <class T>
inline void transpose4(const T* from, std::ptrdiff_t ld, T* to) {
#if defined(__SSE2__)
  if constexpr (sizeof(T) == 4) {
    __m128 m[4];
    for (int r = 0; r < 4; ++r) m[r] = _mm_loadu_ps(from + r * ld);
    _MM_TRANSPOSE4_PS(m[0], m[1], m[2], m[3]);
    for (int i = 0; i < 4; ++i) _mm_storeu_ps(to + 4 * i, m[i]);
    return;
  }
#endif
  for (int r = 0; r < 4; ++r)
    for (int i = 0; i < 4; ++i) to[4 * i + r] = from[r * ld + i];
}

// While one exists, this thread's denormal numbers count as zero, as they do in XLA: Adam's moments of inputs that are
// always zero decay into them, and each would cost a hundred cycles.
class FlushDenormals {
 public:
#if defined(__SSE2__)
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(before_); }
#elif defined(__aarch64__)
  FlushDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" ::"r"(before_ | (std::uint64_t(1) << 24)));
  }
  ~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(before_)); }
#else
  FlushDenormals() {}
  ~FlushDenormals() {}
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__SSE2__)
  unsigned before_;
#elif defined(__aarch64__)
  std::uint64_t before_;
#endif
};

}  // namespace rowwise::ROWWISE_ISA
