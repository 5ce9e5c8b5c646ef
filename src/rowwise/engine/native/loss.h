// Losses of one record and their slopes, as Keras computes them on JAX (keras/src/backend/jax/nn.py): probabilities are
// clipped to [1e-7, 1 - 1e-7], and where they are, the slope is zero.
#pragma once
#include "activation.h"

namespace rowwise::ROWWISE_ISA {

inline constexpr double kClip = 1e-7;

template <class T>
inline bool inside(T p) {
  return p >= T(kClip) && p <= T(1) - T(kClip);
}
template <class T>
inline T clipped(T p) {
  return p < T(kClip) ? T(kClip) : p > T(1) - T(kClip) ? T(1) - T(kClip) : p;
}

// A record's targets: a class number, or n numbers smoothed as Keras does.
template <class T>
struct Targets {
  const std::int32_t* classes;  // (records,), or null
  const T* values;              // (records, n), or null
  double smoothing;
  Loss loss;

  int label(std::int64_t record) const { return classes[record]; }
  T value(std::int64_t record, int j, int n) const {
    if (classes) return T(j == classes[record]);
    const T t = values[record * n + j];
    if (smoothing == 0) return t;
    return t * T(1 - smoothing) + T(loss == Loss::binary_crossentropy ? smoothing / 2 : smoothing / n);
  }
};

// The loss of outputs y[0..n) after activation `last`, and in d[0..n) its slope by the inputs z of that activation.
template <class T>
inline T loss_of(Loss loss, bool from_logits, Activation last, T slope, const Targets<T>& t, std::int64_t record, const T* z,
                 const T* y, T* d, int n) {
  T sum = 0;
  const bool crossentropy = loss == Loss::sparse_crossentropy || loss == Loss::crossentropy;
  if (crossentropy && !from_logits) {
    // y is a softmax: with its derivative the slope is y times the kept targets' sum, less the kept targets.
    T kept = 0;
    if (t.classes) {
      const int label = t.label(record);
      const T p = y[label];
      kept = inside(p);
      sum = -std::log(clipped(p));
      for (int j = 0; j < n; ++j) d[j] = y[j] * kept;
      d[label] -= kept;
      return sum;
    }
    for (int j = 0; j < n; ++j) {
      const T target = t.value(record, j, n);
      d[j] = inside(y[j]) ? target : T(0);
      kept += d[j];
      sum -= target * std::log(clipped(y[j]));
    }
    for (int j = 0; j < n; ++j) d[j] = y[j] * kept - d[j];
    return sum;
  }
  if (loss == Loss::binary_crossentropy && !from_logits && last == Activation::sigmoid) {
    for (int j = 0; j < n; ++j) {
      const T target = t.value(record, j, n), p = clipped(y[j]);
      sum -= target * std::log(p) + (1 - target) * std::log(1 - p);
      d[j] = inside(y[j]) ? (y[j] - target) / n : T(0);
    }
    return sum / n;
  }
  if (crossentropy) {
    T top = y[0], total = 0, all = 0;
    for (int j = 1; j < n; ++j) top = y[j] > top ? y[j] : top;
    for (int j = 0; j < n; ++j) total += d[j] = std::exp(y[j] - top);
    const T log_total = std::log(total) + top;
    for (int j = 0; j < n; ++j) {
      const T target = t.value(record, j, n);
      sum += target * (log_total - y[j]);
      all += target;
    }
    for (int j = 0; j < n; ++j) d[j] = d[j] / total * all - t.value(record, j, n);
  } else {
    for (int j = 0; j < n; ++j) {
      const T target = t.value(record, j, n), far = y[j] - target;
      if (loss == Loss::mse) {
        sum += far * far;
        d[j] = 2 * far;
      } else if (loss == Loss::mae) {
        sum += std::abs(far);
        d[j] = T(far >= 0) - T(far < 0);  // at 0 as JAX
      } else if (from_logits) {
        sum += (y[j] > 0 ? y[j] * (1 - target) : -y[j] * target) + std::log1p(std::exp(-std::abs(y[j])));
        d[j] = 1 / (1 + std::exp(-y[j])) - target;
      } else {
        const T p = clipped(y[j]);
        sum -= target * std::log(p) + (1 - target) * std::log(1 - p);
        d[j] = inside(y[j]) ? (1 - target) / (1 - p) - target / p : T(0);
      }
      d[j] /= n;
    }
    sum /= n;
  }
  // Back through the last activation.
  if (last == Activation::softmax) softmax_back(d, y, n);
  else if (last != Activation::linear)
    for (int j = 0; j < n; j += kWidth<T>)
      store(d + j, load(d + j) * slope_at<T>(last, load((keeps_input(last) ? z : y) + j), load(y + j), slope));
  return sum;
}

}  // namespace rowwise::ROWWISE_ISA
