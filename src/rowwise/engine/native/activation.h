// z → activation(z) and its derivative, a vector at a time; softmax, which needs whole rows, a row at a time.
#pragma once
#include "description.h"
#include "functions.h"

namespace rowwise::ROWWISE_ISA {

// z (vector) → h (vector).
template <class T>
inline Vec<T> activate(Activation a, Vec<T> z, T leak) {
  const Vec<T> zero{};
  switch (a) {
    case Activation::relu: return z < zero ? zero : z;  // NaN stays NaN
    case Activation::leaky_relu: return z > zero ? z : z * leak;
    case Activation::elu: return z > zero ? z : leak * (exponential<T>(z) - T(1));
    case Activation::gelu: return T(0.5) * z * (T(1) + error_function<T>(z * T(0.70710678118654752440)));
    case Activation::silu: return z * sigmoid<T>(z);
    case Activation::tanh: return hyperbolic_tangent<T>(z);
    case Activation::sigmoid: return sigmoid<T>(z);
    case Activation::linear:
    case Activation::softmax: break;
  }
  return z;
}

// z, h = activate(z) (vectors) → dh / dz (vector).
template <class T>
inline Vec<T> derivative(Activation a, Vec<T> z, Vec<T> h, T leak) {
  const Vec<T> zero{}, one = zero + T(1);
  switch (a) {
    case Activation::relu: return h > zero ? one : zero;
    case Activation::leaky_relu: return z >= zero ? one : zero + leak;  // 1 at zero, as in JAX
    case Activation::elu: return z > zero ? one : h + leak;
    case Activation::gelu:
      return T(0.5) * (T(1) + error_function<T>(z * T(0.70710678118654752440))) +
             z * T(0.39894228040143267794) * exponential<T>(T(-0.5) * z * z);
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

// h (units,) → its softmax, in place. The row is padded to whole vectors, and its padding is left zero.
template <class T>
inline void softmax(T* h, int units) {
  T largest = h[0];
  for (int j = 1; j < units; ++j) largest = h[j] > largest ? h[j] : largest;
  T sum = 0;
  for (int j = 0; j < units; j += kWidth<T>) store(h + j, exponential<T>(load(h + j) - largest));
  for (int j = 0; j < units; ++j) sum += h[j];
  for (int j = 0; j < units; ++j) h[j] /= sum;
  for (int j = units; j % kWidth<T>; ++j) h[j] = 0;
}

// d_h (units,) → d_z (units,), in place; h (units,) is what softmax gave.
template <class T>
inline void softmax_backward(T* d, const T* h, int units) {
  T inner = 0;
  for (int j = 0; j < units; ++j) inner += d[j] * h[j];
  for (int j = 0; j < units; ++j) d[j] = h[j] * (d[j] - inner);
}

}  // namespace rowwise::ROWWISE_ISA
