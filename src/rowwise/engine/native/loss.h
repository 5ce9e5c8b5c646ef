// A record's outputs and targets → its loss, and d_z of the last layer, as Keras computes them on JAX
// (keras/src/backend/jax/nn.py): probabilities are clipped to [1e-7, 1 - 1e-7], and clipped ones have no gradient.
#pragma once
#include "activation.h"

namespace rowwise::ROWWISE_ISA {

inline constexpr double kClip = 1e-7;  // Keras's epsilon

template <class T>
inline bool unclipped(T p) {
  return p >= T(kClip) && p <= T(1) - T(kClip);
}
template <class T>
inline T clip(T p) {
  return p < T(kClip) ? T(kClip) : p > T(1) - T(kClip) ? T(1) - T(kClip) : p;
}

// The targets of all records: classes (rows,), or values (rows, units), which are smoothed as Keras does.
template <class T>
struct Targets {
  const std::int32_t* classes;  // or null
  const T* values;              // or null
  const LossDescription& loss;

  T value(std::int64_t row, int j, int units) const {
    if (classes) return T(j == classes[row]);
    const T target = values[row * units + j];
    const double smoothing = loss.label_smoothing;
    if (smoothing == 0) return target;
    return target * T(1 - smoothing) + T(loss.kind == Loss::binary_crossentropy ? smoothing / 2 : smoothing / units);
  }
};

// The losses are not inlined: which product and sum the compiler fuses would depend on what they are inlined into, and
// with it the last bit of a result.

// Softmax and cross-entropy together: p (units,), the softmax's output → d_z (units,); returns the loss.
// d_z[j] = p[j] * (sum of the targets whose probability is unclipped) - target[j] where its own is.
template <class T>
[[gnu::noinline]] T crossentropy_of_softmax(const Targets<T>& targets, std::int64_t row, const T* p, T* d_z,
                                            int units) {
  T loss = 0, unclipped_sum = 0;
  if (targets.classes) {
    const int label = targets.classes[row];
    unclipped_sum = unclipped(p[label]);
    loss = -std::log(clip(p[label]));
    for (int j = 0; j < units; ++j) d_z[j] = p[j] * unclipped_sum;
    d_z[label] -= unclipped_sum;
    return loss;
  }
  for (int j = 0; j < units; ++j) {
    const T target = targets.value(row, j, units);
    d_z[j] = unclipped(p[j]) ? target : T(0);
    unclipped_sum += d_z[j];
    loss -= target * std::log(clip(p[j]));
  }
  for (int j = 0; j < units; ++j) d_z[j] = p[j] * unclipped_sum - d_z[j];
  return loss;
}

// Sigmoid and binary cross-entropy together: p (units,), the sigmoid's output → d_z (units,); returns the loss.
template <class T>
[[gnu::noinline]] T crossentropy_of_sigmoid(const Targets<T>& targets, std::int64_t row, const T* p, T* d_z,
                                            int units) {
  T loss = 0;
  for (int j = 0; j < units; ++j) {
    const T target = targets.value(row, j, units), clipped = clip(p[j]);
    loss -= target * std::log(clipped) + (1 - target) * std::log(1 - clipped);
    d_z[j] = unclipped(p[j]) ? (p[j] - target) / units : T(0);
  }
  return loss / units;
}

// Cross-entropy of logits y (units,) → d_y (units,); returns the loss.
template <class T>
[[gnu::noinline]] T crossentropy_of_logits(const Targets<T>& targets, std::int64_t row, const T* y, T* d_y, int units) {
  T largest = y[0], total = 0, target_sum = 0, loss = 0;
  for (int j = 1; j < units; ++j) largest = y[j] > largest ? y[j] : largest;
  for (int j = 0; j < units; ++j) total += d_y[j] = std::exp(y[j] - largest);
  const T log_total = std::log(total) + largest;
  for (int j = 0; j < units; ++j) {
    const T target = targets.value(row, j, units);
    loss += target * (log_total - y[j]);
    target_sum += target;
  }
  for (int j = 0; j < units; ++j) d_y[j] = d_y[j] / total * target_sum - targets.value(row, j, units);
  return loss;
}

// The losses that are a mean over units: outputs y (units,) → d_y (units,); returns the loss.
template <class T>
[[gnu::noinline]] T mean_over_units(const Targets<T>& targets, std::int64_t row, const T* y, T* d_y, int units) {
  T loss = 0;
  for (int j = 0; j < units; ++j) {
    const T target = targets.value(row, j, units), error = y[j] - target;
    if (targets.loss.kind == Loss::mse) {
      loss += error * error;
      d_y[j] = 2 * error;
    } else if (targets.loss.kind == Loss::mae) {
      loss += std::abs(error);
      d_y[j] = T(error >= 0) - T(error < 0);  // 1 at zero, as in JAX
    } else if (targets.loss.from_logits) {  // binary cross-entropy
      loss += (y[j] > 0 ? y[j] * (1 - target) : -y[j] * target) + std::log1p(std::exp(-std::abs(y[j])));
      d_y[j] = 1 / (1 + std::exp(-y[j])) - target;
    } else {
      const T p = clip(y[j]);
      loss -= target * std::log(p) + (1 - target) * std::log(1 - p);
      d_y[j] = unclipped(y[j]) ? (1 - target) / (1 - p) - target / p : T(0);
    }
    d_y[j] /= units;
  }
  return loss / units;
}

// Mean Poisson deviance of counts exp(z), targets the true ones, all in units of their mean: z (units,) → d_z (units,).
template <class T>
[[gnu::noinline]] T poisson_deviance(const Targets<T>& targets, std::int64_t row, const T* z, T* d_z, int units) {
  T loss = 0;
  for (int j = 0; j < units; ++j) {
    const T target = targets.value(row, j, units), rate = std::exp(z[j]);
    loss += 2 * ((target > 0 ? target * (std::log(target) - z[j]) : T(0)) - target + rate);
    d_z[j] = 2 * (rate - target) / units;
  }
  return loss / units;
}

// Mean pinball loss of quantiles q: q[0] = z[0], each next one is softplus(z[j]) more. z (units,) → d_z (units,).
template <class T>
[[gnu::noinline]] T pinball(const Targets<T>& targets, std::int64_t row, const T* z, T* d_z, int units) {
  T loss = 0, quantile = 0, above = 0;
  for (int j = 0; j < units; ++j) {
    quantile += j ? (z[j] > 0 ? z[j] : T(0)) + std::log1p(std::exp(-std::abs(z[j]))) : z[j];
    const T error = targets.value(row, j, units) - quantile, level = T(targets.loss.levels[j]);
    loss += error >= 0 ? level * error : (level - 1) * error;
    d_z[j] = (error >= 0 ? -level : 1 - level) / units;
  }
  for (int j = units; --j >= 0;) {  // a step moves all quantiles from there on
    above += d_z[j];
    d_z[j] = j ? above / (1 + std::exp(-z[j])) : above;
  }
  return loss / units;
}

// Cross-entropy of ordered classes: unit j says whether a record goes on from class j. Targets: 1 if it does, 0 if that
// is its class, below 0 if it has stopped before. z (units,) → d_z (units,).
template <class T>
[[gnu::noinline]] T ordered_crossentropy(const Targets<T>& targets, std::int64_t row, const T* z, T* d_z, int units) {
  T loss = 0;
  for (int j = 0; j < units; ++j) {
    const T target = targets.value(row, j, units);
    d_z[j] = 0;
    if (target < 0) continue;
    loss += (z[j] > 0 ? z[j] * (1 - target) : -z[j] * target) + std::log1p(std::exp(-std::abs(z[j])));
    d_z[j] = 1 / (1 + std::exp(-z[j])) - target;
  }
  return loss;
}

// z and y = last(z) (units,) of one record → d_z (units,); returns the loss.
template <class T>
inline T loss_and_gradient(Activation last, T leak, const Targets<T>& targets, std::int64_t row, const T* z, const T* y,
                           T* d_z, int units) {
  const LossDescription& loss = targets.loss;
  const bool crossentropy = loss.kind == Loss::sparse_crossentropy || loss.kind == Loss::crossentropy;
  if (crossentropy && !loss.from_logits) return crossentropy_of_softmax(targets, row, y, d_z, units);
  if (loss.kind == Loss::binary_crossentropy && !loss.from_logits && last == Activation::sigmoid)
    return crossentropy_of_sigmoid(targets, row, y, d_z, units);

  if (loss.kind == Loss::poisson) return poisson_deviance(targets, row, z, d_z, units);
  if (loss.kind == Loss::pinball) return pinball(targets, row, z, d_z, units);
  if (loss.kind == Loss::ordered) return ordered_crossentropy(targets, row, z, d_z, units);

  const T value = crossentropy ? crossentropy_of_logits(targets, row, y, d_z, units)
                               : mean_over_units(targets, row, y, d_z, units);
  if (last == Activation::softmax) softmax_backward(d_z, y, units);
  else if (last != Activation::linear)
    for (int j = 0; j < units; j += kWidth<T>)
      store(d_z + j, load(d_z + j) * derivative<T>(last, load(z + j), load(y + j), leak));
  return value;
}

// Whether the largest of y (units,) stands where the largest target does; the first of several largest counts.
template <class T>
inline bool is_hit(const Targets<T>& targets, std::int64_t row, const T* y, int units) {
  int predicted = 0, expected = 0;
  for (int j = 1; j < units; ++j) predicted = y[j] > y[predicted] ? j : predicted;
  if (targets.classes) return predicted == targets.classes[row];
  const T* const target = targets.values + row * units;
  for (int j = 1; j < units; ++j) expected = target[j] > target[expected] ? j : expected;
  return predicted == expected;
}

}  // namespace rowwise::ROWWISE_ISA
