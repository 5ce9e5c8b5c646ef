// Small networks of every kind, to be compiled with a sanitizer (`make sanitize`): it stops the program at a wrong access,
// undefined arithmetic or a data race. Allocations are counted as well: an epoch makes none.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <numeric>
#include <random>

#include "step.h"

static std::atomic<long> allocations{0};
void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto a = static_cast<std::size_t>(alignment);
  if (void* p = std::aligned_alloc(a, (size + a - 1) / a * a)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

using namespace rowwise;

namespace {

constexpr Activation kAll[] = {Activation::linear, Activation::relu, Activation::leaky_relu, Activation::elu,  Activation::gelu,
                               Activation::silu,   Activation::tanh, Activation::sigmoid,    Activation::softmax};

template <class T>
int epoch(std::mt19937& random, int trial) {
  const auto below = [&](int n) { return int(random() % unsigned(n)); };
  Description d;
  d.bytes = below(2);
  d.scale = d.bytes ? 1 / 255. : 1;
  d.batch_size = 1 + below(trial % 3 ? 40 : 400);  // large ones are taken by records
  d.threads = 1 + trial % 4;
  d.loss = Loss(below(5));
  d.optimizer.rule = Rule(below(3));
  d.optimizer.momentum = below(2) ? 0.9 : 0;
  d.optimizer.nesterov = below(2);
  d.optimizer.global_clipnorm = below(2) ? 0.5 : 0;
  d.optimizer.weight_decay = below(2) ? 0.01 : 0;
  int width = 1 + below(trial % 5 ? 90 : 400);
  const int features = width, depth = 1 + below(4);
  for (int i = 0; i < depth; ++i) {
    Layer l;
    l.inputs = width;
    l.units = width = i + 1 < depth ? 1 + below(trial % 5 ? 60 : 300) : 1 + below(12);
    l.activation = kAll[below(9)];
    l.slope = 0.2;
    l.bias = below(4);
    l.dropout = below(2) && !(d.bytes && i == 0) ? 0.3 : 0;
    if (below(3) == 0) l.kernel_l1 = l.bias_l2 = 0.01;
    d.layers.push_back(l);
  }
  const bool entropy = d.loss == Loss::sparse_crossentropy || d.loss == Loss::crossentropy;
  if (entropy) d.layers.back().activation = below(2) ? Activation::softmax : Activation::linear;
  d.from_logits = entropy && d.layers.back().activation == Activation::linear;
  if (d.loss == Loss::binary_crossentropy) d.layers.back().activation = Activation::sigmoid;

  const int records = 1 + below(3 * d.batch_size);
  std::vector<std::uint8_t> bytes(std::size_t(records) * features);
  std::vector<T> x(bytes.size()), y(std::size_t(records) * width);
  const int lit = below(9);  // of eight
  for (std::size_t i = 0; i < x.size(); ++i) bytes[i] = below(8) < lit ? std::uint8_t(below(256)) : 0, x[i] = T(bytes[i]) / 255;
  for (T& t : y) t = T(below(2));
  std::vector<std::int32_t> labels(records), order(records);
  for (auto& label : labels) label = below(width);
  std::iota(order.begin(), order.end(), 0);
  const std::vector<float> weights(records, 0.5f), rates(records, 0.01f);
  const std::vector<double> corrections(2 * std::size_t(records), 0.1);
  std::vector<float> outputs(std::size_t(records) * width);

  ROWWISE_ISA::NetworkOf<T> network(d);
  for (std::size_t a = 0; a < network.arrays(); ++a) {
    std::vector<T> values(network.numbers(a));
    for (T& v : values) v = T(below(1000) - 500) / 2000;
    if (a >= network.arrays() / (1 + d.optimizer.slots())) std::fill(values.begin(), values.end(), T(0));
    network.write(a, values.data());
  }
  const bool sparse = d.loss == Loss::sparse_crossentropy;
  const void* from = d.bytes ? static_cast<const void*>(bytes.data()) : x.data();
  const Batches batches{from, sparse ? static_cast<const void*>(labels.data()) : y.data(), below(2) ? weights.data() : nullptr,
                        order.data(), records};
  Progress progress;
  const long before = allocations;
  network.train(batches, rates.data(), corrections.data(), 1234567, 1e9, progress, below(2) ? outputs.data() : nullptr);
  const long made = allocations - before;
  Progress ahead;
  network.predict(Batches{from, batches.targets, nullptr, nullptr, records}, ahead, outputs.data());
  for (std::size_t a = 0; a < network.arrays(); ++a) {
    std::vector<T> values(network.numbers(a));
    network.read(a, values.data());
  }
  const int steps = (records + d.batch_size - 1) / d.batch_size;
  if (made == 0 && progress.steps == steps && ahead.steps == steps && std::isfinite(progress.loss)) return 0;
  std::printf("trial %d: %ld allocations in the epoch, %ld of %d steps, loss %g\n", trial, made, long(progress.steps), steps,
              progress.loss);
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  const int trials = count > 1 ? std::atoi(arguments[1]) : 200;
  std::mt19937 random(7);
  int wrong = 0;
  for (int trial = 0; trial < trials; ++trial) wrong += trial % 4 ? epoch<float>(random, trial) : epoch<double>(random, trial);
  std::printf("%d networks trained, %d wrong\n", trials, wrong);
  return wrong != 0;
}
