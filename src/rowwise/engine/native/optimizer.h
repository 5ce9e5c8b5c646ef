// One step of an optimizer for one vector of weights, as Keras computes it (keras/src/optimizers/*.py, update_step).
#pragma once
#include "network.h"
#include "vector.h"

namespace rowwise::ROWWISE_ISA {

// The numbers of one step, the same for all weights.
template <class T>
struct Step {
  T rate, alpha;         // learning rate; that of Adam with the corrections of both moments
  T one_minus_beta_1, one_minus_beta_2, epsilon;
  T momentum, rho, one_minus_rho;
  T clip = 1;            // factor of the gradient
  bool nesterov;

  Step(const Optimizer& o, float learning_rate, const double* corrections)
      : rate(learning_rate),
        alpha(T(learning_rate * std::sqrt(corrections[1]) / corrections[0])),
        one_minus_beta_1(T(1 - o.beta_1)),
        one_minus_beta_2(T(1 - o.beta_2)),
        epsilon(T(o.epsilon)),
        momentum(T(o.momentum)),
        rho(T(o.rho)),
        one_minus_rho(T(1 - o.rho)),
        nesterov(o.nesterov) {}
};

// What a weight's penalty and decay add: 0 where there is none.
template <class T>
struct Extras {
  T l1 = 0, l2 = 0, decay = 0;  // decay: weight_decay * learning rate
  bool any() const { return l1 != 0 || l2 != 0 || decay != 0; }
};

template <class T>
inline Vec<T> penalty_slope(Vec<T> p, const Extras<T>& e) {
  const Vec<T> zero{}, l1 = zero + e.l1;
  return (p >= zero ? l1 : -l1) + p * (2 * e.l2);  // at 0 JAX takes the slope of |p| to be 1
}

// p, and the slots a and b (null where the rule has none), one step on along the gradient g.
template <class T, Rule rule>
[[gnu::always_inline]] inline void update(const Step<T>& s, Vec<T> g, T* at_p, T* slot_a, T* slot_b, std::ptrdiff_t slot) {
  T* const at_a = slot_a + slot;
  T* const at_b = slot_b + slot;
  Vec<T> p = load(at_p);
  if constexpr (rule == Rule::adam) {
    Vec<T> m = load(at_a), v = load(at_b);
    m += (g - m) * s.one_minus_beta_1;
    v += (g * g - v) * s.one_minus_beta_2;
    store(at_a, m);
    store(at_b, v);
    p -= over_root<T>(m * s.alpha, v, Vec<T>{} + s.epsilon);
  } else if constexpr (rule == Rule::sgd) {
    const Vec<T> along = g * s.rate;
    if (slot_a) {
      const Vec<T> m = load(at_a) * s.momentum - along;
      store(at_a, m);
      p += s.nesterov ? m * s.momentum - along : m;
    } else {
      p -= along;
    }
  } else {
    const Vec<T> v = load(at_a) * s.rho + g * g * s.one_minus_rho;
    store(at_a, v);
    Vec<T> along = g * s.rate / square_root<T>(v + s.epsilon);
    if (slot_b) {
      along += load(at_b) * s.momentum;
      store(at_b, along);
    }
    p -= along;
  }
  store(at_p, p);
}

}  // namespace rowwise::ROWWISE_ISA
