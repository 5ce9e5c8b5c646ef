// The functions of one number, one record or one weight that reference.h is made of, and their derivatives, in double
// precision.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "description.h"

namespace reference {

using namespace rowwise;
using Numbers = std::vector<double>;

// Eight significant bits, of two the even one: bfloat16.
inline double nearest(double v) {
  if (v == 0 || !std::isfinite(v)) return v;
  int exponent;
  const double fraction = std::frexp(v, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8);
}
inline double nearest_if(bool rounds, double v) { return rounds ? nearest(v) : v; }

inline double sigmoid(double z) { return 1 / (1 + std::exp(-z)); }
inline double normal_cdf(double z) { return 0.5 * (1 + std::erf(z / std::sqrt(2.0))); }
inline double normal_pdf(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0)); }

inline double activate(Activation a, double z, double leak) {
  switch (a) {
    case Activation::relu: return z > 0 ? z : 0;
    case Activation::leaky_relu: return z > 0 ? z : leak * z;
    case Activation::elu: return z > 0 ? z : leak * (std::exp(z) - 1);
    case Activation::gelu: return z * normal_cdf(z);
    case Activation::silu: return z * sigmoid(z);
    case Activation::tanh: return std::tanh(z);
    case Activation::sigmoid: return sigmoid(z);
    default: return z;  // linear; softmax follows, for the whole row
  }
}
inline double derivative(Activation a, double z, double leak) {
  switch (a) {
    case Activation::relu: return z > 0 ? 1 : 0;
    case Activation::leaky_relu: return z >= 0 ? 1 : leak;
    case Activation::elu: return z > 0 ? 1 : leak * std::exp(z);
    case Activation::gelu: return normal_cdf(z) + z * normal_pdf(z);
    case Activation::silu: return sigmoid(z) * (1 + z * (1 - sigmoid(z)));
    case Activation::tanh: return 1 - std::tanh(z) * std::tanh(z);
    case Activation::sigmoid: return sigmoid(z) * (1 - sigmoid(z));
    default: return 1;
  }
}
inline void softmax(double* h, int units) {
  const double largest = *std::max_element(h, h + units);
  double sum = 0;
  for (int j = 0; j < units; ++j) sum += h[j] = std::exp(h[j] - largest);
  for (int j = 0; j < units; ++j) h[j] /= sum;
}

// The mask: two rounds of lowbias32 over a counter.
inline std::uint32_t mixed(std::uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352dU;
  x = (x ^ (x >> 15)) * 0x846ca68bU;
  return x ^ (x >> 16);
}
inline double mask(double rate, std::uint64_t key, std::uint32_t step, std::uint32_t layer, std::uint32_t record,
                   std::uint32_t unit) {
  const std::uint32_t place = mixed(step * 0x9e3779b9U + layer) + record;
  const std::uint32_t bits = mixed(mixed(unit ^ mixed(std::uint32_t(key) ^ place)) + mixed(std::uint32_t(key >> 32) + place));
  return bits < std::floor(rate * 4294967296.0) ? 0 : 1 / (1 - rate);
}

// A kink at distance 0 is exact on both sides: sums of zeros.
inline void pass_kink(double& margin, double distance) {
  if (distance != 0) margin = std::min(margin, std::abs(distance));
}

// The pinball loss of quantiles that are y[0] and, from there, softplus(y[j]) above one another.
inline double pinball_of(const std::vector<double>& levels, const Numbers& y, const Numbers& t, Numbers& d_y,
                         double& margin) {
  const int n = int(y.size());
  double sum = 0, quantile = 0;
  std::fill(d_y.begin(), d_y.end(), 0.0);
  for (int j = 0; j < n; ++j) {
    quantile += j ? std::log1p(std::exp(y[j])) : y[j];
    const double error = t[j] - quantile, by_quantile = error >= 0 ? -levels[j] : 1 - levels[j];
    sum += (error >= 0 ? levels[j] * error : (levels[j] - 1) * error) / n;
    for (int i = 0; i <= j; ++i) d_y[i] += by_quantile * (i ? sigmoid(y[i]) : 1) / n;
    pass_kink(margin, error);
  }
  return sum;
}

// Outputs y and targets t (units,) → the loss and d_y (units,). `margin` falls to the distance from a kink.
inline double loss_of(const LossDescription& loss, const Numbers& y, const Numbers& t, Numbers& d_y, double& margin) {
  const int n = int(y.size());
  const Loss kind = loss.kind;
  const bool crossentropy = kind == Loss::sparse_crossentropy || kind == Loss::crossentropy;
  double sum = 0, targets = 0;
  Numbers p = y;
  if (crossentropy && loss.from_logits) softmax(p.data(), n);
  if (kind == Loss::pinball) return pinball_of(loss.levels, y, t, d_y, margin);
  for (int j = 0; j < n; ++j) targets += t[j];
  for (int j = 0; j < n; ++j) {
    const double clipped = std::clamp(p[j], 1e-7, 1 - 1e-7), error = y[j] - t[j];
    if (crossentropy && loss.from_logits) {
      sum -= t[j] == 0 ? 0 : t[j] * std::log(p[j]);
      d_y[j] = p[j] * targets - t[j];
    } else if (crossentropy) {
      sum -= t[j] * std::log(clipped);
      d_y[j] = clipped == p[j] ? -t[j] / p[j] : 0;
    } else if (kind == Loss::binary_crossentropy && loss.from_logits) {
      sum += (std::log1p(std::exp(-y[j])) + (1 - t[j]) * y[j]) / n;
      d_y[j] = (sigmoid(y[j]) - t[j]) / n;
    } else if (kind == Loss::binary_crossentropy) {
      sum -= (t[j] * std::log(clipped) + (1 - t[j]) * std::log(1 - clipped)) / n;
      d_y[j] = clipped == p[j] ? ((1 - t[j]) / (1 - p[j]) - t[j] / p[j]) / n : 0;
    } else if (kind == Loss::poisson) {
      sum += 2 * (std::exp(y[j]) - t[j] + (t[j] > 0 ? t[j] * std::log(t[j] / std::exp(y[j])) : 0)) / n;
      d_y[j] = 2 * (std::exp(y[j]) - t[j]) / n;
    } else if (kind == Loss::ordered) {
      const double on = sigmoid(y[j]);
      sum -= t[j] < 0 ? 0 : std::log(t[j] == 1 ? on : 1 - on);
      d_y[j] = t[j] < 0 ? 0 : on - t[j];
    } else if (kind == Loss::mse) {
      sum += error * error / n;
      d_y[j] = 2 * error / n;
    } else {
      sum += std::abs(error) / n;
      d_y[j] = (error >= 0 ? 1.0 : -1.0) / n;
      pass_kink(margin, error);
    }
  }
  return sum;
}

// One weight's step, and its slots' (momentum, velocity), for the gradient g.
inline void step_weight(const OptimizerDescription& o, double rate, const double* corrections, double g, double& w,
                        double& first, double& second, double& margin) {
  if (o.rule == Rule::nadam) {
    first = o.beta_1 * first + (1 - o.beta_1) * g;
    second = o.beta_2 * second + (1 - o.beta_2) * g * g;
    const double step = corrections[0] * first + corrections[2] * g;
    w -= rate * step / (std::sqrt(second / corrections[1]) + o.epsilon);
  } else if (o.rule == Rule::lion) {
    const double along = o.beta_1 * first + (1 - o.beta_1) * g;
    pass_kink(margin, 100 * along);  // a sum of numbers far below 1: its rounding is smaller
    w -= rate * ((along > 0) - (along < 0));
    first = o.beta_2 * first + (1 - o.beta_2) * g;
  } else if (o.rule == Rule::adam) {
    first = o.beta_1 * first + (1 - o.beta_1) * g;
    second = o.beta_2 * second + (1 - o.beta_2) * g * g;
    w -= rate * std::sqrt(corrections[1]) / corrections[0] * first / (std::sqrt(second) + o.epsilon);
  } else if (o.rule == Rule::sgd) {
    first = o.momentum * first - rate * g;
    w += o.momentum > 0 && o.nesterov ? o.momentum * first - rate * g : first;
  } else {
    first = o.rho * first + (1 - o.rho) * g * g;
    second = o.momentum * second + rate * g / std::sqrt(first + o.epsilon);
    w -= second;
  }
}

}  // namespace reference
