// A number → a network, drawn at random, and records for it.
#pragma once
#include <initializer_list>
#include <random>
#include <type_traits>
#include <vector>

#include "plan.h"
#include "reference.h"

namespace rowwise {

class Random {
 public:
  explicit Random(unsigned seed) : bits_(seed) {}
  int below(int n) { return int(bits_() % unsigned(n)); }
  int within(int least, int most) { return least + below(most - least + 1); }
  bool once_in(int n) { return below(n) == 0; }
  double share() { return bits_() / 4294967296.0; }
  template <class V>
  V one_of(std::initializer_list<V> values) {
    return values.begin()[below(int(values.size()))];
  }

 private:
  std::mt19937 bits_;
};

// Activation, penalties and what weight decay applies to.
inline void draw_options(Random& random, LayerDescription& l) {
  l.activation = Activation(random.below(int(Activation::softmax) + 1));
  l.leak = 0.3;
  l.bias = !random.once_in(4);
  if (random.once_in(4)) l.kernel_l1 = l.bias_l2 = 0.01;
  if (random.once_in(4)) l.kernel_l2 = l.bias_l1 = 0.02;
  l.kernel_decays = !random.once_in(3);
  l.bias_decays = random.once_in(3);
}

// One or two layers whose units are their inputs, after what there is: normalizations, and additions of layers so wide.
inline void draw_unit_by_unit(Random& random, NetworkDescription& d) {
  for (int more = random.within(1, 2); more > 0; --more) {
    const int at = int(d.layers.size()), width = d.layers.back().units;
    LayerDescription l;
    l.kind = random.one_of({Kind::batch_normalization, Kind::layer_normalization, Kind::addition});
    l.inputs = l.units = width;
    draw_options(random, l);
    l.kernel = !random.once_in(4);
    l.momentum = 0.9;
    l.epsilon = 0.1;
    if (l.kind == Kind::addition) {
      for (int back = 2; back <= at + 1; ++back) {
        const LayerDescription& next = d.layers[at + 1 - back];  // whose dropout no other may share
        const bool records = back == at + 1, dense_drops = next.kind == Kind::dense && next.dropout > 0;
        const int units = records ? d.layers[0].inputs : d.layers[at - back].units;
        if (units == width && !dense_drops && !(records && d.bytes) && random.once_in(2)) l.back.push_back(back);
      }
      if (l.back.size() == 1 && random.once_in(2)) l.dropout = 0.3;
    }
    d.layers.push_back(l);
  }
}

// Sizes for each way that a step is divided among threads: by columns of wide layers, by records, and neither.
template <class T>
NetworkDescription draw_description(Random& random, int trial) {
  const bool precise = std::is_same_v<T, double>;
  enum { wide, many_records, small } kind = trial % 5 == 0 ? wide : trial % 5 == 1 ? many_records : small;
  const int narrowest = kind == wide ? 120 : 1, widest = kind == wide ? 200 : kind == many_records ? 30 : 70;
  NetworkDescription d;
  d.batch_size = kind == wide ? random.within(1, 14) : random.within(1, 40);
  if (kind == many_records) d.batch_size += 64;
  d.bytes = random.once_in(2);
  d.scale = d.bytes ? 1 / 255. : random.one_of({1., 1., 0.5});
  d.offset = d.bytes ? 0 : random.one_of({0., 0., 0.25});

  d.loss.kind = Loss(random.below(int(Loss::ordered) + 1));
  const bool crossentropy = d.loss.kind == Loss::sparse_crossentropy || d.loss.kind == Loss::crossentropy;
  const bool binary = d.loss.kind == Loss::binary_crossentropy;
  d.loss.from_logits = (crossentropy || binary) && random.once_in(2);
  if (crossentropy || binary) d.loss.label_smoothing = random.one_of({0., 0.2});

  int width = random.within(narrowest, kind == many_records ? 140 : widest);
  const int depth = kind == wide ? random.within(1, 2) : random.within(1, 4);
  for (int i = 0; i < depth; ++i) {
    LayerDescription l;
    l.inputs = width;
    l.units = width = i + 1 < depth ? random.within(narrowest, widest) : random.within(1, kind == wide ? 130 : 12);
    l.dropout = random.once_in(3) && !(d.bytes && i == 0) ? 0.3 : 0;
    draw_options(random, l);
    d.layers.push_back(l);
    if (random.once_in(2)) draw_unit_by_unit(random, d);
  }
  Activation& last = d.layers.back().activation;
  if (crossentropy) {
    last = d.loss.from_logits ? random.one_of({Activation::linear, Activation::tanh}) : Activation::softmax;
  } else if (binary && !d.loss.from_logits) {
    // 1 / p of a probability near 0 leaves float few digits: only after a sigmoid does it cancel.
    last = precise ? random.one_of({Activation::sigmoid, Activation::softmax}) : Activation::sigmoid;
  } else if (d.loss.kind > Loss::mae) {
    last = Activation::linear;
    if (d.loss.kind == Loss::pinball)
      for (int j = 0; j < width; ++j) d.loss.levels.push_back((j + 1.0) / (width + 1));
  } else if (random.once_in(3)) {
    last = Activation::linear;
    for (int j = 0; j < width; ++j) {
      d.output_scale.push_back(0.5 + 0.1 * (j % 7));
      d.output_offset.push_back(0.1 * (j % 3));
    }
  }

#if defined(ROWWISE_BFLOAT16)
  // All layers in bfloat16 but for some in float32; a last activation may be in float32 by itself.
  d.rounds_records = random.once_in(2);
  for (LayerDescription& l : d.layers) l.bfloat16 = l.rounds_outputs = !random.once_in(4);
  d.layers[std::size_t(random.below(int(d.layers.size())))].bfloat16 = true;
  if (random.once_in(2) || !d.output_scale.empty()) d.layers.back().rounds_outputs = false;
#endif

  OptimizerDescription& o = d.optimizer;
  o.rule = random.one_of({Rule::adam, Rule::adam, Rule::nadam, Rule::lion, Rule::sgd, Rule::rmsprop});
  o.beta_1 = 0.9, o.beta_2 = 0.99, o.rho = 0.8;
  // Adam and RMSprop divide a gradient by its size: where it is rounding error, so is a step with a small epsilon, and
  // Lion's with any. A bias before a normalization has no other gradient, nor has one whose losses pull alike both ways.
  bool normalizes = false;
  for (const LayerDescription& l : d.layers) normalizes = normalizes || l.is_normalization();
  o.epsilon = precise && !normalizes ? random.one_of({1e-7, 1e-3}) : 1e-3;
  bool cancels = normalizes || d.loss.kind == Loss::mae || d.loss.kind == Loss::pinball;
#if defined(ROWWISE_BFLOAT16)
  cancels = true;  // a gradient that rounding makes negative takes a whole step of Lion's the other way
#endif
  if (cancels && o.rule == Rule::lion) o.rule = Rule::sgd;
  o.momentum = random.once_in(2) ? 0.9 : 0;
  o.nesterov = random.once_in(2);
  o.weight_decay = random.once_in(3) ? 0.1 : 0;
  o.averages = random.once_in(4);
  if (random.once_in(2)) *random.one_of({&o.global_clipnorm, &o.clipnorm, &o.clipvalue}) = 0.05;
  return d;
}

// Any of them gives the same bits.
inline Plan draw_plan(Random& random) {
  Plan plan;
  plan.threads = random.within(1, 3);
  plan.by_records = random.once_in(2);
  plan.task = random.within(1, 40);
  plan.block = 16 * random.within(1, kMostBlock / 16);
  plan.chunk = 4 * random.within(1, kMostChunk / 4);
  plan.sharing = random.one_of({0., 1.5, 2.6, 4.});
  return plan;
}

template <class T>
struct DrawnRecords {
  std::vector<std::uint8_t> bytes;
  std::vector<T> x, values;
  std::vector<std::int32_t> labels, order;
  std::vector<float> weights, rates;
  std::vector<double> corrections;
  reference::Numbers reference_x, reference_targets;

  DrawnRecords(const NetworkDescription& d, Random& random) {
    const int features = d.layers[0].inputs, units = d.layers.back().units;
    const int rows = random.within(1, 3 * d.batch_size), nonzero = random.below(9);  // of eight
    for (int i = 0; i < rows * features; ++i) {
      bytes.push_back(random.below(8) < nonzero ? std::uint8_t(random.below(256)) : 0);
      x.push_back(T(bytes.back()) / 255);
      reference_x.push_back(d.bytes ? bytes.back() : double(x.back()));
    }
    const bool sparse = d.loss.kind == Loss::sparse_crossentropy, one_hot = d.loss.kind == Loss::crossentropy;
    const bool numbers = d.loss.kind == Loss::mse || d.loss.kind == Loss::mae ||
                         d.loss.kind == Loss::poisson || d.loss.kind == Loss::pinball;
    for (int i = 0; i < rows; ++i) {
      labels.push_back(random.below(units));
      order.push_back(i);
      weights.push_back(random.one_of({1.f, 0.5f, 0.f}));
      for (int j = 0; j < units; ++j)
        values.push_back(numbers ? T(random.share()) : one_hot ? T(j == labels[i]) : T(random.below(2)));
      if (d.loss.kind == Loss::ordered)  // goes on up to its class, stops there, is not asked beyond
        for (int j = 0; j < units; ++j) values[values.size() - units + j] = T(j < labels[i] ? 1 : j == labels[i] ? 0 : -1);
      if (sparse) reference_targets.push_back(labels[i]);
    }
    if (!sparse) reference_targets.assign(values.begin(), values.end());
    for (int i = rows; --i > 0;) std::swap(order[i], order[random.below(i + 1)]);
    if (random.once_in(2)) std::fill(weights.begin(), weights.end(), 1.f);
    for (int step = 1; step <= rows; ++step) {
      rates.push_back(0.02f / float(step));
      const bool nadam = d.optimizer.rule == Rule::nadam;
      corrections.push_back(nadam ? 0.3 + 0.5 / step : 1 - std::pow(d.optimizer.beta_1, step));
      corrections.push_back(1 - std::pow(d.optimizer.beta_2, step));
      corrections.push_back(nadam ? 0.5 / step : 0);
      corrections.push_back(step > 1 ? 0.7 : 0);
      corrections.push_back(step % 2 == 0);
    }
  }
  Records records(const NetworkDescription& d) const {
    return {d.bytes ? static_cast<const void*>(bytes.data()) : x.data(),
            d.loss.kind == Loss::sparse_crossentropy ? static_cast<const void*>(labels.data()) : values.data(),
            weights.data(), order.data(), std::int64_t(order.size())};
  }
};

}  // namespace rowwise
