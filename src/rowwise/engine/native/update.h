// d_z of every layer → weights, the optimizer's slots and kernel_t, one step on.
//
// A few rows of a kernel are updated as soon as their gradient is known, while it is in the cache; no other gradient is
// stored, unless their norm is needed first.
#pragma once
#include "gradients.h"

namespace rowwise::ROWWISE_ISA {

// A layer's slots by what they are: the rule's, then the average.
template <class T>
Slots<T> slots_in(const Buffer<T> (&slots)[3], const OptimizerDescription& o) {
  const int rule = o.slots_of_rule();
  return {rule > 0 ? slots[0].get() : nullptr, rule > 1 ? slots[1].get() : nullptr,
          o.averages ? slots[rule].get() : nullptr};
}

// The numbers of a step for one array, where each is clipped by its own norm.
template <class T>
[[gnu::noinline]] StepSizes<T> sizes_for(const State<T>& state, std::size_t i, bool kernel, StepSizes<T> sizes) {
  const double most = state.description.optimizer.clipnorm;
  if (most == 0) return sizes;
  std::size_t first = 0;
  for (std::size_t before = 0; before < i; ++before) first += std::size_t(state.layers[before].K) + 1;
  const auto K = std::size_t(state.layers[i].K);
  sizes.clip = kernel ? clip_factor(state, first, K, most) : clip_factor(state, first + K, 1, most);
  return sizes;
}

template <class T>
Regularization<T> regularization_of(const Layer<T>& l, bool kernel, const OptimizerDescription& o,
                                    const StepSizes<T>& sizes) {
  const LayerDescription& d = l.description;
  const bool decays = kernel ? d.kernel_decays : d.bias_decays;
  return {T(kernel ? d.kernel_l1 : d.bias_l1), T(kernel ? d.kernel_l2 : d.bias_l2),
          decays ? T(o.weight_decay) * sizes.learning_rate : T(0)};
}

// x^T (K, records) · d_z (records, N) → d_kernel (K, N) → kernel (K, N) and its slots, for these rows and the owner's
// columns; or from the stored d_kernel.
template <class T>
void update_kernel(State<T>& state, const Turn& turn, std::size_t i, const StepSizes<T>& all, Range rows, int owner) {
  const Layer<T>& l = state.layers[i];
  const StepSizes<T> sizes = sizes_for(state, i, true, all);
  const OptimizerDescription& o = state.description.optimizer;
  const Regularization<T> regularization = regularization_of(l, true, o, sizes);
  const bool stored = o.clips_by_norm();
  const bool plain_adam = o.rule == Rule::adam && !stored && !regularization.any() && o.clipvalue == 0 && !o.averages;
  T* const kernel = l.kernel.get();
  const Slots<T> slots = slots_in(l.kernel_slots, o);

  // d_kernel (done, J vectors), rows ldg apart → the same rows of a panel.
  const auto update_panel = [&](const Panel& p, auto J, Range done, const T* g, std::ptrdiff_t ldg) {
    constexpr int ld = J * kWidth<T>;
    const std::ptrdiff_t offset = p.offset + std::ptrdiff_t(done.begin) * ld;
    T* w = kernel + offset;
    Slots<T> at = slots.at(offset);
    if (plain_adam) {
      const StepSizes<T> s = sizes;  // which no store to the weights can change: it stays in registers
      for (int k = done.begin; k < done.end; ++k, g += ldg, w += ld, at.first += ld, at.second += ld)
        for (int j = 0; j < ld; j += kWidth<T>) update_adam<T>(s, load(g + j), w + j, at.first + j, at.second + j);
      return;
    }
    for (int k = done.begin; k < done.end; ++k, g += ldg, w += ld, at = at.at(ld))
      for (int j = 0; j < ld; j += kWidth<T>)
        update_with_options<T>(o.rule, sizes, regularization, stored, load(g + j), w + j, at.at(j));
  };

  if (stored) {
    l.layout.for_each(owner, [&](const Panel& p, auto J, const Panel*) {
      update_panel(p, J, rows, l.layout.row(l.d_kernel.get(), p, rows.begin), l.layout.ld(p));
    });
    return;
  }
  T* const d_kernel = state.d_kernel_rows[turn.thread].get();
  const auto sums_of = [&](const Panel& p) { return d_kernel + std::ptrdiff_t(p.column) * state.plan.chunk; };
  const auto to = [&](const Panel& p, int) { return Out<T>{sums_of(p), l.layout.ld(p), nullptr}; };
  const auto apply = [&](const Panel& p, auto J, Range done) { update_panel(p, J, done, sums_of(p), l.layout.ld(p)); };
  if (l.in_bfloat16()) return multiply_rounded_gradient(state, turn, i, rows, owner, to, apply);
  with_x_transposed(state, i, turn.thread, [&](const auto& x_t) {
    product<T>(
        state.plan, *state.packed[turn.thread], x_t, rows, turn.records, l.layout, owner, [&](const Panel& p, int r) { return l.d_z_rows(p, r); },
        to, apply);
  });
}

// d_z (records, N) → d_bias (N,) → bias (N,) and its slots, for the owner's columns; or from the stored d_bias.
template <class T>
void update_bias(State<T>& state, const Turn& turn, std::size_t i, const StepSizes<T>& all, int owner) {
  const Layer<T>& l = state.layers[i];
  const StepSizes<T> sizes = sizes_for(state, i, false, all);
  const OptimizerDescription& o = state.description.optimizer;
  const Regularization<T> regularization = regularization_of(l, false, o, sizes);
  const bool stored = o.clips_by_norm();
  const Slots<T> slots = slots_in(l.bias_slots, o);
  l.layout.for_each(owner, [&](const Panel& p, auto J, const Panel*) {
    for (int j = p.column; j < p.column + J * kWidth<T>; j += kWidth<T>) {
      const Vec<T> gradient = stored ? load(l.d_bias.get() + j) : d_bias_of(l, j, turn.records);
      update_with_options<T>(o.rule, sizes, regularization, stored, gradient, l.bias.get() + j, slots.at(j));
    }
  });
}

// d_gamma, d_beta (units,) → gamma, beta (units,) and their slots; mean and variance of a batch → the moving ones; for
// these units.
template <class T>
void update_normalization(State<T>& state, const Turn& turn, std::size_t i, const StepSizes<T>& all, Range units) {
  const Layer<T>& l = state.layers[i];
  const StepSizes<T> of_kernel = sizes_for(state, i, true, all), of_bias = sizes_for(state, i, false, all);
  const OptimizerDescription& o = state.description.optimizer;
  const bool stored = o.clips_by_norm();
  const Regularization<T> of_gamma = regularization_of(l, true, o, all), of_beta = regularization_of(l, false, o, all);
  const Slots<T> gamma_slots = slots_in(l.kernel_slots, o), beta_slots = slots_in(l.bias_slots, o);
  for (int j = units.begin; j < units.end; j += kWidth<T>) {
    if (l.kernel) {
      const Vec<T> gradient = stored ? load(l.d_kernel.get() + j) : d_gamma_of(state, turn, l, j);
      update_with_options<T>(o.rule, of_kernel, of_gamma, stored, gradient, l.kernel.get() + j, gamma_slots.at(j));
    }
    if (l.bias) {
      const Vec<T> gradient = stored ? load(l.d_bias.get() + j) : d_beta_of(turn, l, j);
      update_with_options<T>(o.rule, of_bias, of_beta, stored, gradient, l.bias.get() + j, beta_slots.at(j));
    }
  }
  if (l.is(Kind::batch_normalization)) move_statistics(l, turn.thread, units);
}

template <class T>
void update_dense(State<T>& state, const Turn& turn, std::size_t i, const StepSizes<T>& sizes, Range rows,
                  bool with_bias) {
  const Layer<T>& l = state.layers[i];
  const int owner = l.by_columns ? turn.thread : kEveryOwner;
  update_kernel(state, turn, i, sizes, rows, owner);
  if (with_bias) update_bias(state, turn, i, sizes, owner);
  round_changed(l, rows, owner, with_bias);
  if (l.kernel_t) l.layout.for_each(owner, [&](const Panel& p, auto, const Panel*) { l.transpose_kernel(p, rows); });
}

// All layers' d_z (records, N) → all weights, this thread's part.
template <class T>
void update(State<T>& state, const Turn& turn) {
  const OptimizerDescription& o = state.description.optimizer;
  const Rates& rates = state.call.rates;
  StepSizes<T> sizes(o, rates.learning_rate[turn.step], rates.corrections + 5 * turn.step);
  if (o.clips_by_norm()) {
    store_gradients(state, turn);
    sum_squares(state, turn.thread);
    if (o.global_clipnorm > 0) sizes.clip = clip_factor(state, 0, state.kernel_rows, o.global_clipnorm);
  }
  if (state.schedule.by_records()) {
    while (const auto task = state.schedule.take_kernel_rows(turn.thread)) {
      const Layer<T>& l = state.layers[task->layer];
      if (l.description.is_normalization()) update_normalization(state, turn, task->layer, sizes, {0, l.N});
      else update_dense(state, turn, task->layer, sizes, task->rows, l.bias && task->rows.end == l.K);
    }
    return;
  }
  for (std::size_t i = state.layers.size(); i-- > 0;) {
    const Layer<T>& l = state.layers[i];
    const Schedule<T>& schedule = state.schedule;
    if (l.description.is_normalization())
      update_normalization(state, turn, i, sizes, schedule.normalization_units(l, turn.thread));
    if (l.is(Kind::dense))
      update_dense(state, turn, i, sizes, schedule.kernel_rows(l, turn.thread), schedule.updates_bias(l, turn.thread));
  }
}

}  // namespace rowwise::ROWWISE_ISA
