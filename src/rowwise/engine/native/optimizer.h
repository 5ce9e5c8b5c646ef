// A vector of weights and its gradient → the weights one step on, as Keras computes it (keras/src/optimizers/*.py,
// update_step).
#pragma once
#include "description.h"
#include "vector.h"

namespace rowwise::ROWWISE_ISA {

// The numbers of one step, the same for all weights.
template <class T>
struct StepSizes {
  T learning_rate, adam_rate;              // adam_rate: with the corrections of both moments
  T nadam_rate, gradient_rate, nadam_epsilon;  // of Nadam's mean, and of the gradient itself
  T beta_1, beta_2, one_minus_beta_1, one_minus_beta_2, epsilon;
  T momentum, rho, one_minus_rho;
  T clip = 1, clipvalue;  // what gradients are multiplied by; the largest number in them, or 0
  T kept;  // of an average
  bool nesterov, takes_average;

  // corrections (5,): those of Rates.
  StepSizes(const OptimizerDescription& o, float rate, const double* corrections)
      : learning_rate(rate),
        adam_rate(T(rate * std::sqrt(corrections[1]) / corrections[0])),
        nadam_rate(T(rate * std::sqrt(corrections[1]) * corrections[0])),
        gradient_rate(T(rate * std::sqrt(corrections[1]) * corrections[2])),
        nadam_epsilon(T(o.epsilon * std::sqrt(corrections[1]))),
        beta_1(T(o.beta_1)),
        beta_2(T(o.beta_2)),
        one_minus_beta_1(T(1 - o.beta_1)),
        one_minus_beta_2(T(1 - o.beta_2)),
        epsilon(T(o.epsilon)),
        momentum(T(o.momentum)),
        rho(T(o.rho)),
        one_minus_rho(T(1 - o.rho)),
        clipvalue(T(o.clipvalue)),
        kept(T(corrections[3])),
        nesterov(o.nesterov),
        takes_average(corrections[4] != 0) {}
};

// Penalties and weight decay of one kernel or bias.
template <class T>
struct Regularization {
  T l1 = 0, l2 = 0;
  T decay = 0;  // weight_decay * learning rate
  bool any() const { return l1 != 0 || l2 != 0 || decay != 0; }
};

// w (vector) → the gradient of l1 |w| + l2 w^2 (vector). JAX takes |w| to rise at zero.
template <class T>
inline Vec<T> penalty_gradient(Vec<T> w, const Regularization<T>& r) {
  const Vec<T> zero{}, l1 = zero + r.l1;
  return (w >= zero ? l1 : -l1) + w * (2 * r.l2);
}

// What the optimizer remembers of each weight: null where its rule has no such slot.
template <class T>
struct Slots {
  T* first = nullptr;   // Adam, Nadam, Lion: mean of the gradients; SGD: momentum; RMSprop: mean of their squares
  T* second = nullptr;  // Adam, Nadam: mean of their squares; RMSprop: momentum
  T* average = nullptr;
  // Null stays null: adding an offset to it would be undefined.
  Slots at(std::ptrdiff_t offset) const {
    return {first ? first + offset : nullptr, second ? second + offset : nullptr, average ? average + offset : nullptr};
  }
};

// Adam of one vector: gradient g → weights w, and the means m of g and v of g^2, in place.
template <class T>
[[gnu::always_inline]] inline void update_adam(const StepSizes<T>& s, Vec<T> g, T* at_w, T* at_m, T* at_v) {
  Vec<T> w = load(at_w), m = load(at_m), v = load(at_v);
  m += (g - m) * s.one_minus_beta_1;
  v += (g * g - v) * s.one_minus_beta_2;
  store(at_m, m);
  store(at_v, v);
  w -= divide_by_root<T>(m * s.adam_rate, v, Vec<T>{} + s.epsilon);
  store(at_w, w);
}

// Nadam of one vector: as Adam's, with a share of the gradient itself in the step.
template <class T>
inline void update_nadam(const StepSizes<T>& s, Vec<T> g, T* at_w, T* at_m, T* at_v) {
  const Vec<T> m = load(at_m) + (g - load(at_m)) * s.one_minus_beta_1;
  const Vec<T> v = load(at_v) + (g * g - load(at_v)) * s.one_minus_beta_2;
  store(at_m, m);
  store(at_v, v);
  store(at_w, load(at_w) - divide_by_root<T>(m * s.nadam_rate + g * s.gradient_rate, v, Vec<T>{} + s.nadam_epsilon));
}

// Lion of one vector: a step of the learning rate's size, up or down, with the mean m of the gradients.
template <class T>
inline void update_lion(const StepSizes<T>& s, Vec<T> g, T* at_w, T* at_m) {
  const Vec<T> m = load(at_m), rate = Vec<T>{} + s.learning_rate;
  const Vec<T> along = m * s.beta_1 + g * s.one_minus_beta_1;
  store(at_w, load(at_w) - (along > Vec<T>{} ? rate : along < Vec<T>{} ? -rate : along));  // zero and NaN stay
  store(at_m, m * s.beta_2 + g * s.one_minus_beta_2);
}

// SGD of one vector; momentum m where there is one.
template <class T>
inline void update_sgd(const StepSizes<T>& s, Vec<T> g, T* at_w, T* at_m) {
  const Vec<T> step = g * s.learning_rate;
  Vec<T> w = load(at_w);
  if (at_m) {
    const Vec<T> m = load(at_m) * s.momentum - step;
    store(at_m, m);
    w += s.nesterov ? m * s.momentum - step : m;
  } else {
    w -= step;
  }
  store(at_w, w);
}

// RMSprop of one vector: mean v of g^2; momentum m where there is one.
template <class T>
inline void update_rmsprop(const StepSizes<T>& s, Vec<T> g, T* at_w, T* at_v, T* at_m) {
  const Vec<T> v = load(at_v) * s.rho + g * g * s.one_minus_rho;
  store(at_v, v);
  Vec<T> step = g * s.learning_rate / square_root<T>(v + s.epsilon);
  if (at_m) {
    step += load(at_m) * s.momentum;
    store(at_m, step);
  }
  store(at_w, load(at_w) - step);
}

// Any rule, with penalties, decay and clipping, for one vector. Not inlined: every place that has an update would carry
// a copy of it, for cases that are rare.
template <class T>
[[gnu::noinline]] void update_with_options(Rule rule, const StepSizes<T>& s, const Regularization<T>& r,
                                           bool has_penalty_gradient, Vec<T> g, T* w, Slots<T> slots) {
  if (!has_penalty_gradient) g += penalty_gradient<T>(load(w), r);
  g *= s.clip;
  const Vec<T> most = Vec<T>{} + s.clipvalue;
  if (s.clipvalue > 0) g = g > most ? most : g < -most ? -most : g;
  store(w, load(w) - load(w) * r.decay);
  switch (rule) {
    case Rule::adam: update_adam<T>(s, g, w, slots.first, slots.second); break;
    case Rule::nadam: update_nadam<T>(s, g, w, slots.first, slots.second); break;
    case Rule::lion: update_lion<T>(s, g, w, slots.first); break;
    case Rule::sgd: update_sgd<T>(s, g, w, slots.first); break;
    case Rule::rmsprop: update_rmsprop<T>(s, g, w, slots.first, slots.second); break;
  }
  if (!slots.average) return;
  store(slots.average, load(slots.average) * s.kept + load(w) * (1 - s.kept));
  if (s.takes_average) store(w, load(slots.average));
}

}  // namespace rowwise::ROWWISE_ISA
