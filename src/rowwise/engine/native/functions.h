// A vector → its exp, sigmoid, tanh or erf. In float these are polynomials, accurate to a few units in the last place;
// in double, which only checks of the gradient use, the standard library computes them number by number.
#pragma once
#include "vector.h"

namespace rowwise::ROWWISE_ISA {

template <class T, class F>
inline Vec<T> each(Vec<T> x, const F& f) {
  for (int i = 0; i < kWidth<T>; ++i) x[i] = f(x[i]);
  return x;
}

template <class T>
inline Vec<T> exponential(Vec<T> x) {
  if constexpr (sizeof(T) == 8) return each<T>(x, [](T v) { return std::exp(v); });
  else {
    typedef std::int32_t Ints __attribute__((vector_size(kVectorBytes)));
    // e^x = 2^n e^r, |r| <= ln 2 / 2. ln 2 comes in two parts, so that n ln 2 is subtracted exactly (Cody and Waite).
    x = x > 88.3762f ? Vec<T>{} + 88.3762f : x;
    x = x < -87.3365f ? Vec<T>{} - 87.3365f : x;
    // 1.5 * 2^23: a number added to it is rounded to an integer, which then stands in the low bits of the sum. Read
    // from there, it is defined for NaN too, which no conversion to an integer is.
    const Vec<T> rounder = Vec<T>{} + 12582912.f;
    const Vec<T> shifted = x * 1.44269504f + rounder;
    const Vec<T> n = shifted - rounder;
    Vec<T> r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    Vec<T> p = Vec<T>{} + 1.0f / 5040;  // the Taylor series of e^r, up to r^7 / 7!
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * (r * r) + r + 1.0f;
    const Ints power = ((Ints)shifted - (Ints)rounder + 127) << 23;
    return p * (Vec<T>)power;
  }
}

template <class T>
inline Vec<T> sigmoid(Vec<T> x) {
  return T(1) / (T(1) + exponential<T>(-x));
}

template <class T>
inline Vec<T> hyperbolic_tangent(Vec<T> x) {
  if constexpr (sizeof(T) == 8) return each<T>(x, [](T v) { return std::tanh(v); });
  else {
    // 1 - 2 / (e^2x + 1) loses its digits near zero; there Lambert's continued fraction takes its place.
    const Vec<T> s = x * x;
    const Vec<T> near = x * (s * (s * (s + 378.f) + 17325.f) + 135135.f) /
                        (s * (s * (s * 28.f + 3150.f) + 62370.f) + 135135.f);
    const Vec<T> far = 1.f - 2.f / (exponential<T>(x + x) + 1.f);
    return s < 1.f ? near : far;
  }
}

// erf, to 1.2e-7: its Taylor series near zero, elsewhere Numerical Recipes' erfcc (3rd edition, section 6.2.2).
template <class T>
inline Vec<T> error_function(Vec<T> x) {
  if constexpr (sizeof(T) == 8) return each<T>(x, [](T v) { return std::erf(v); });
  else {
    const Vec<T> s = x * x;
    Vec<T> near = Vec<T>{} + 1.f / 75600;  // 2 / sqrt(pi) times the sum of (-1)^k x^(2k+1) / (k! (2k+1))
    near = near * -s + 1.f / 9360;
    near = near * s - 1.f / 1320;
    near = near * s + 1.f / 216;
    near = near * s - 1.f / 42;
    near = near * s + 1.f / 10;
    near = near * s - 1.f / 3;
    near = (near * s + 1.f) * x * 1.12837917f;
    const Vec<T> z = x < 0.f ? -x : x;
    const Vec<T> t = 2.f / (2.f + z);
    Vec<T> p = Vec<T>{} + 0.17087277f;
    p = p * t - 0.82215223f;
    p = p * t + 1.48851587f;
    p = p * t - 1.13520398f;
    p = p * t + 0.27886807f;
    p = p * t - 0.18628806f;
    p = p * t + 0.09678418f;
    p = p * t + 0.37409196f;
    p = p * t + 1.00002368f;
    p = p * t - 1.26551223f;
    const Vec<T> far = 1.f - t * exponential<T>(p - s);
    return s < 0.5f ? near : x < 0.f ? -far : far;
  }
}

}  // namespace rowwise::ROWWISE_ISA
