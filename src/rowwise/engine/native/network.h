// What a network is, for every instruction set: its description, and the calls that Python makes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rowwise {

enum class Activation { linear, relu, leaky_relu, elu, gelu, gelu_tanh, silu, tanh, sigmoid, softmax };
enum class Loss { sparse_crossentropy, crossentropy, binary_crossentropy, mse, mae };
enum class Rule { adam, sgd, rmsprop };

struct Layer {
  int inputs = 0, units = 0;
  bool bias = true;
  Activation activation = Activation::linear;
  double slope = 0;    // of leaky_relu below zero; alpha of elu
  double dropout = 0;  // share of this layer's inputs that training sets to zero
  double kernel_l1 = 0, kernel_l2 = 0, bias_l1 = 0, bias_l2 = 0;
  bool kernel_decays = true, bias_decays = true;  // weight decay of AdamW
};

struct Optimizer {
  Rule rule = Rule::adam;
  double beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;  // Adam
  double momentum = 0;                                  // SGD, RMSprop
  bool nesterov = false;
  double rho = 0.9;          // RMSprop
  double weight_decay = 0;   // AdamW, and any rule that is given one: p -= p * weight_decay * rate, before the step
  double global_clipnorm = 0;  // 0: none
  int slots() const { return rule == Rule::adam ? 2 : rule == Rule::rmsprop ? (momentum > 0 ? 2 : 1) : momentum > 0; }
};

struct Description {
  std::vector<Layer> layers;
  Loss loss = Loss::sparse_crossentropy;
  bool from_logits = false;
  double label_smoothing = 0;
  Optimizer optimizer;
  double scale = 1, offset = 0;  // x * scale + offset, before the first layer
  bool bytes = false;            // x is uint8
  std::vector<double> output_scale, output_offset;  // outputs * scale + offset, unit by unit; empty: as they are
  int batch_size = 32, threads = 1;
};

// Records and what is wanted of them: x (records, features), targets (records,) int32 for sparse_crossentropy, else
// (records, outputs) float32; weights (records,) or null. `order[i]` is the record that is taken i-th.
struct Batches {
  const void* x = nullptr;
  const void* targets = nullptr;
  const float* weights = nullptr;
  const std::int32_t* order = nullptr;
  std::int64_t records = 0;
};

struct Progress {
  std::int64_t steps = 0;  // done, of the epoch
  double loss = 0;         // sum over the records, penalties included
  std::int64_t hits = 0;   // records whose largest output is the target's
};

class Network {
 public:
  virtual ~Network() = default;

  // Kernels (inputs, units) and biases (units,), layer by layer; then the same of each slot of the optimizer.
  virtual void write(std::size_t array, const void* values) = 0;
  virtual void read(std::size_t array, void* values) const = 0;
  virtual std::size_t arrays() const = 0;
  virtual std::size_t numbers(std::size_t array) const = 0;

  // Steps from progress.steps on, until the epoch ends or `seconds` are over. rates[s] is the learning rate of step s
  // and corrections[2 s], [2 s + 1] are 1 - beta_1^t, 1 - beta_2^t. Outputs (records, units), in the order of `order`,
  // may be null.
  virtual void train(const Batches& batches, const float* rates, const double* corrections, std::uint64_t dropout_key,
                     double seconds, Progress& progress, float* outputs) = 0;
  // Forward alone; loss and hits only where there are targets.
  virtual void predict(const Batches& batches, Progress& progress, float* outputs) = 0;
  // Of the batch that comes first in `batches`, without an update: for checks of the gradient.
  virtual double gradients(const Batches& batches, std::uint64_t dropout_key, std::size_t array, void* values) = 0;
};

// The same function for each instruction set; null for float64 where only float32 was compiled.
using Make = std::unique_ptr<Network> (*)(const Description&, bool float64);

}  // namespace rowwise
