// Activations and their derivatives, a vector at a time; softmax, which needs a whole row, a row at a time.
#pragma once
#include "functions.h"
#include "network.h"

namespace rowwise::ROWWISE_ISA {

// Whether the derivative needs the input z; the others' follows from the output h.
inline bool keeps_input(Activation a) {
  return a == Activation::leaky_relu || a == Activation::elu || a == Activation::gelu || a == Activation::gelu_tanh || a == Activation::silu;
}

inline constexpr double kRootTwoOverPi = 0.79788456080286535588;

template <class T>
inline Vec<T> activate(Activation a, Vec<T> z, T slope) {
  const Vec<T> zero{};
  switch (a) {
    case Activation::relu: return z < zero ? zero : z;  // NaN stays NaN
    case Activation::leaky_relu: return z > zero ? z : z * slope;
    case Activation::elu: return z > zero ? z : slope * (exponential<T>(z) - T(1));
    case Activation::gelu: return T(0.5) * z * (T(1) + error_function<T>(z * T(0.70710678118654752440)));
    case Activation::gelu_tanh:
      return T(0.5) * z * (T(1) + hyperbolic_tangent<T>(T(kRootTwoOverPi) * (z + T(0.044715) * z * z * z)));
    case Activation::silu: return z * sigmoid<T>(z);
    case Activation::tanh: return hyperbolic_tangent<T>(z);
    case Activation::sigmoid: return sigmoid<T>(z);
    case Activation::linear:
    case Activation::softmax: break;
  }
  return z;
}

// The derivative of the output by the input.
template <class T>
inline Vec<T> slope_at(Activation a, Vec<T> z, Vec<T> h, T slope) {
  const Vec<T> zero{}, one = zero + T(1);
  switch (a) {
    case Activation::relu: return h > zero ? one : zero;
    case Activation::leaky_relu: return z >= zero ? one : zero + slope;  // at 0 as JAX does
    case Activation::elu: return z > zero ? one : h + slope;
    case Activation::gelu:
      return T(0.5) * (T(1) + error_function<T>(z * T(0.70710678118654752440))) +
             z * T(0.39894228040143267794) * exponential<T>(T(-0.5) * z * z);
    case Activation::gelu_tanh: {
      const Vec<T> t = hyperbolic_tangent<T>(T(kRootTwoOverPi) * (z + T(0.044715) * z * z * z));
      return T(0.5) * (T(1) + t) +
             T(0.5) * z * (T(1) - t * t) * T(kRootTwoOverPi) * (T(1) + T(3 * 0.044715) * z * z);
    }
    case Activation::silu: {
      const Vec<T> s = sigmoid<T>(z);
      return s * (T(1) + z * (T(1) - s));
    }
    case Activation::tanh: return one - h * h;
    case Activation::sigmoid: return h * (one - h);
    case Activation::linear:
    case Activation::softmax: break;
  }
  return one;
}

// h[0..n) = softmax of itself; the row is padded to whole vectors, and the padding left zero.
template <class T>
inline void softmax(T* h, int n) {
  T top = h[0];
  for (int j = 1; j < n; ++j) top = h[j] > top ? h[j] : top;
  T sum = 0;
  for (int j = 0; j < n; j += kWidth<T>) store(h + j, exponential<T>(load(h + j) - top));
  for (int j = 0; j < n; ++j) sum += h[j];
  for (int j = 0; j < n; ++j) h[j] /= sum;
  for (int j = n; j % kWidth<T>; ++j) h[j] = 0;
}

// d[0..n) = the derivative of softmax, whose output is p, applied to d.
template <class T>
inline void softmax_back(T* d, const T* p, int n) {
  T inner = 0;
  for (int j = 0; j < n; ++j) inner += d[j] * p[j];
  for (int j = 0; j < n; ++j) d[j] = p[j] * (d[j] - inner);
}

}  // namespace rowwise::ROWWISE_ISA
