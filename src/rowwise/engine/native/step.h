// A network and its training step: forward, loss, backward, update, by a team of threads.
//
// A thread takes columns of a wide layer (so that its part of the kernel and of the optimizer's moments stays in its own
// cache) and records, or rows of the kernel, of a narrow one. No sum is ever divided among threads: the result does not
// depend on their number.
#pragma once
#include <algorithm>
#include <chrono>

#include "activation.h"
#include "loss.h"
#include "network.h"
#include "optimizer.h"
#include "product.h"
#include "threads.h"

namespace rowwise::ROWWISE_ISA {

// The distance of two rows: whole cache lines, an odd number of them, so that rows below each other do not compete for
// the same sets of the cache.
template <class T>
inline int padded(int n) {
  constexpr int line = 64 / sizeof(T);
  return (((n + line - 1) / line) | 1) * line;
}

// 32 well-mixed bits (two rounds of C. Wellons' "lowbias32"): which unit of which record is dropped depends on nothing else.
inline std::uint32_t mixed(std::uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352dU;
  x = (x ^ (x >> 15)) * 0x846ca68bU;
  return x ^ (x >> 16);
}

template <class T>
class NetworkOf final : public Network {
 public:
  explicit NetworkOf(const Description& d)
      : d_(d), team_(d.threads), loss_(d.batch_size), hit_(d.batch_size) {
    const int B = d.batch_size;
    const int slots = d.optimizer.slots();
    std::size_t widest = 1;
    for (const Layer& layer : d.layers) {
      Dense& l = dense_.emplace_back();
      l.K = layer.inputs;
      l.N = layer.units;
      l.ld = padded<T>(l.N);
      l.ldk = padded<T>(l.K);
      l.ldb = padded<T>(B);
      l.by_columns = big(l.K, l.N) && layer.activation != Activation::softmax;
      l.cut = Cut<T>(l.K, l.N, l.by_columns ? d.threads : 1);
      const bool first = dense_.size() == 1;
      for (int s = 0; s <= slots; ++s) {
        l.kernel[s] = Buffer<T>(l.cut.size());
        if (layer.bias) l.bias[s] = Buffer<T>(l.ld);
      }
      if (!first) {
        l.back_by_columns = big(l.N, l.K) && d.layers[dense_.size() - 2].activation != Activation::softmax;
        l.cut_t = Cut<T>(l.N, l.K, l.back_by_columns ? d.threads : 1);
        l.transposed = Buffer<T>(l.cut_t.size());
      }
      if (B > kBlock || d.optimizer.global_clipnorm > 0) {
        l.gradient = Buffer<T>(l.cut.size());
        l.bias_gradient = Buffer<T>(l.ld);
      }
      l.z = Buffer<T>(std::size_t(B) * l.ld);
      l.h = Buffer<T>(std::size_t(B) * l.ld);
      l.slope = Buffer<T>(std::size_t(B) * l.ld);
      if (first && !d.bytes) {
        for (int t = 0; t < d.threads; ++t) {
          x_.emplace_back(std::size_t(B) * l.ldk);
          xt_.emplace_back(std::size_t(l.K) * l.ldb);
        }
      }
      if (!first) {
        if (layer.dropout > 0) l.dropped = Buffer<T>(std::size_t(B) * l.ldk);
        l.inputs_t = Buffer<T>(std::size_t(l.K) * l.ldb);
      }
      widest = std::max(widest, std::size_t(l.K));
      rows_of_kernels_ += l.K + 1;
      penalised_ = penalised_ || layer.kernel_l1 || layer.kernel_l2 || layer.bias_l1 || layer.bias_l2;
    }
    if (d.bytes) {
      features_ = (dense_[0].K + kBlock - 1) / kBlock * kBlock;
      lit_by_ = std::min(kBlock, (B + kBytes - 1) / kBytes * kBytes);
      for (int t = 0; t < d.threads; ++t) {
        xb_.emplace_back(std::size_t(B) * features_);
        xbt_.emplace_back(std::size_t(B + kBlock - 1) / kBlock * kBlock * features_);
      }
    }
    row_sums_ = Buffer<double>(rows_of_kernels_);
    std::vector<std::int64_t> work(d.threads);
    for (const Dense& l : dense_)
      if (l.by_columns)
        for (const Panel& p : l.cut.panels()) work[p.owner] += std::int64_t(l.K) * p.vectors;
    const std::int64_t least = *std::min_element(work.begin(), work.end());
    for (const std::int64_t mine : work) light_.push_back(mine <= least + least / 20 ? light_threads_++ : -1);
  }

  std::size_t arrays() const override {
    std::size_t count = 0;
    for (const Dense& l : dense_) count += l.bias[0] ? 2 : 1;
    return count * (1 + d_.optimizer.slots());
  }
  std::size_t numbers(std::size_t array) const override {
    const Place place = find(array);
    const Dense& l = dense_[place.layer];
    return std::size_t(place.kernel ? l.K : 1) * l.N;
  }
  void write(std::size_t array, const void* values) override {
    const Place to = find(array);
    const Dense& l = dense_[to.layer];
    const T* from = static_cast<const T*>(values);
    if (!to.kernel) std::memcpy(to.p, from, sizeof(T) * l.N);
    else
      for (int k = 0; k < l.K; ++k)
        l.cut.row(to.p, k, [&](T* p, int c, int n) { std::memcpy(p, from + std::size_t(k) * l.N + c, sizeof(T) * n); });
    if (to.layer > 0 && to.p == l.kernel[0].get())
      for (const Panel& p : l.cut.panels()) transpose_kernel(l, p, {0, l.K});
  }
  void read(std::size_t array, void* values) const override {
    const Place from = find(array);
    copy_out(from, static_cast<T*>(values));
  }

  void train(const Batches& batches, const float* rates, const double* corrections, std::uint64_t key, double seconds,
             Progress& progress, float* outputs) override {
    job_ = {batches, rates, corrections, key, seconds, &progress, outputs, Mode::train};
    run();
  }
  void predict(const Batches& batches, Progress& progress, float* outputs) override {
    job_ = {batches, nullptr, nullptr, 0, 1e30, &progress, outputs, Mode::predict};
    run();
  }
  double gradients(const Batches& batches, std::uint64_t key, std::size_t array, void* values) override {
    for (Dense& l : dense_)
      if (!l.gradient) {
        l.gradient = Buffer<T>(l.cut.size());
        l.bias_gradient = Buffer<T>(l.ld);
      }
    Progress progress;
    job_ = {batches, nullptr, nullptr, key, 1e30, &progress, nullptr, Mode::gradients};
    run();
    Place place = find(array);
    place.p = place.kernel ? dense_[place.layer].gradient.get() : dense_[place.layer].bias_gradient.get();
    copy_out(place, static_cast<T*>(values));
    return progress.loss;
  }

 private:
  enum class Mode { train, predict, gradients };

  struct Dense {
    int K, N, ld, ldk, ldb;              // numbers from one row to the next: of outputs, inputs, transposed inputs
    Cut<T> cut, cut_t;                   // of the kernel's columns, and of its transpose's
    bool by_columns = false, back_by_columns = false;
    Buffer<T> kernel[3], bias[3];        // itself and the optimizer's slots
    Buffer<T> transposed;                // of the kernel, (N, ldk), for the backward pass
    Buffer<T> gradient, bias_gradient;   // only where a step must keep them
    Buffer<T> z, h, slope;               // before and after the activation; slope of the loss by z
    Buffer<T> dropped, inputs_t;         // inputs after dropout; inputs (K, ldb), a feature a row
  };
  struct Place {
    T* p;
    std::size_t layer;
    bool kernel;
  };
  struct Job {
    Batches batches;
    const float* rates;
    const double* corrections;
    std::uint64_t key;
    double seconds;
    Progress* progress;
    float* outputs;
    Mode mode;
  };

  const Description d_;
  Team team_;
  std::vector<Dense> dense_;
  // The batch, once for each thread: fetching it from another core's cache costs more than gathering it again.
  std::vector<Buffer<T>> x_, xt_;
  std::vector<Buffer<std::uint8_t>> xb_, xbt_;
  int features_ = 0;  // in whole blocks
  int lit_by_ = 0;    // bytes of a feature that lie together: those of a block of records
  Buffer<T> loss_;
  Buffer<std::uint8_t> hit_;
  Buffer<double> row_sums_;
  int rows_of_kernels_ = 0;
  std::vector<int> light_;  // of each thread its number among those with the fewest columns, or -1
  int light_threads_ = 0;
  bool penalised_ = false;
  Job job_{};
  bool stop_ = false;

  // Whether columns are worth dividing: a kernel that fills an L1 cache, in nearly equal parts.
  bool big(int depth, int columns) const {
    const int threads = d_.threads, vectors = (columns + kWidth<T> - 1) / kWidth<T>;
    const int most = (vectors + threads - 1) / threads;
    return threads == 1 || (std::int64_t(depth) * columns >= 16384 && double(most) * threads <= 1.4 * vectors);
  }

  Place find(std::size_t array) const {
    std::size_t index = 0;
    for (int s = 0; s < 3; ++s)
      for (std::size_t i = 0; i < dense_.size(); ++i) {
        const Dense& l = dense_[i];
        if (index++ == array) return {l.kernel[s].get(), i, true};
        if (l.bias[0] && index++ == array) return {l.bias[s].get(), i, false};
      }
    return {};
  }
  void copy_out(const Place& from, T* values) const {
    const Dense& l = dense_[from.layer];
    if (!from.kernel) std::memcpy(values, from.p, sizeof(T) * l.N);
    else
      for (int k = 0; k < l.K; ++k)
        l.cut.row(from.p, k, [&](T* p, int c, int n) { std::memcpy(values + std::size_t(k) * l.N + c, p, sizeof(T) * n); });
  }
  // Rows `rows` of a panel of the kernel, into the kernel's transpose.
  static void transpose_kernel(const Dense& l, const Panel& p, Range rows) {
    for (const Panel& q : l.cut_t.panels()) {
      const int begin = std::max(rows.begin, q.column), end = std::min(rows.end, q.column + l.cut_t.width(q));
      if (begin < end)
        transpose(l.kernel[0].get() + p.offset + std::ptrdiff_t(begin) * l.cut.ld(p), l.cut.ld(p),
                  l.transposed.get() + q.offset + std::ptrdiff_t(p.column) * l.cut_t.ld(q) + begin - q.column, l.cut_t.ld(q),
                  end - begin, l.cut.width(p));
    }
  }

  void run() {
    stop_ = false;
    team_.run([](void* self, int thread) { static_cast<NetworkOf*>(self)->work(thread); }, this);
  }

  // ---- the loop over steps, on every thread
  void work(int thread) {
    const FlushDenormals flushed;
    const Job& job = job_;
    const int B = d_.batch_size;
    const std::int64_t steps = (job.batches.records + B - 1) / B, first = job.progress->steps;
    const auto start = std::chrono::steady_clock::now();
    const auto records_of = [&](std::int64_t s) { return int(std::min<std::int64_t>(B, job.batches.records - s * B)); };
    if (first >= steps) return;
    for (std::int64_t s = first;; ++s) {
      const int n = records_of(s);
      for (int r = 0; r < n; r += kBytes) {
        if (d_.bytes) gather_bytes(thread, s, r, std::min(kBytes, n - r));
        else gather_floats(thread, s, r, std::min(kBytes, n - r));
      }
      forward(thread, s, n);
      if (dense_.back().by_columns) team_.barrier().wait();
      const Range mine = share(n, d_.threads, thread);
      if (job.outputs) emit(s, mine);
      if (job.batches.targets) losses(s, mine, n);
      if (job.mode != Mode::predict) backward(thread, s, n, mine);
      const bool last = s + 1 == steps || job.mode == Mode::gradients;
      if (job.mode == Mode::train && thread == 0)
        stop_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > job.seconds;
      team_.barrier().wait();  // all slopes are known
      if (thread == 0) account(s, n);
      if (job.mode == Mode::train) learn(thread, s, n);
      if (job.mode == Mode::gradients) keep_gradients(thread, n);
      if (last || stop_) break;
      team_.barrier().wait();  // the kernels are updated
    }
    team_.barrier().wait();
  }

  void account(std::int64_t s, int n) {
    Progress& progress = *job_.progress;
    progress.steps = s + 1;
    double sum = 0, penalty = 0;
    for (int r = 0; r < n && job_.batches.targets; ++r) {
      sum += loss_.get()[r];
      progress.hits += hit_.get()[r];
    }
    if (penalised_)
      for (int i = 0; i < rows_of_kernels_; ++i) penalty += row_sums_.get()[i];
    progress.loss += sum + penalty * n;
  }

  // ---- records in
  std::int64_t record_at(std::int64_t i) const { return job_.batches.order ? job_.batches.order[i] : i; }

  // Records [first, first + count) of step s, as rows and, for the gradient, across.
  void gather_bytes(int thread, std::int64_t s, int first, int count) {
    const int K = dense_[0].K;
    const auto* x = static_cast<const std::uint8_t*>(job_.batches.x);
    const std::uint8_t* row[kBytes];
    for (int r = 0; r < kBytes; ++r) row[r] = x + record_at(s * d_.batch_size + first + std::min(r, count - 1)) * K;
    std::uint8_t* across = xbt_[thread].get() + std::ptrdiff_t(first / kBlock) * lit_by_ * features_ + first % kBlock;
    for (int k = 0; k < K; k += kBlock) {
      const int n = std::min(kBlock, K - k);
      std::uint8_t* to = xb_[thread].get() + (std::ptrdiff_t(k) * d_.batch_size + first * kBlock);
      for (int r = 0; r < count; ++r) std::memcpy(to + r * kBlock, row[r] + k, n);
      if (job_.mode == Mode::predict) continue;
      for (int i = 0; i < n; i += 16) {
        Bytes16 m[16]{};
        for (int r = 0; r < count; ++r) std::memcpy(&m[r], to + r * kBlock + i, 16);
        transpose16(m);
        for (int j = 0; j < 16; ++j) std::memcpy(across + std::ptrdiff_t(k + i + j) * lit_by_, &m[j], 16);
      }
    }
    // Records lie anywhere in memory: what is gathered next but one is asked for now.
    const std::int64_t ahead = s * d_.batch_size + first + 2 * kBytes;
    for (int r = 0; r < kBytes && ahead + r < job_.batches.records; ++r)
      for (int k = 0; k < K; k += 64) __builtin_prefetch(x + record_at(ahead + r) * K + k, 0, 2);
  }
  void gather_floats(int thread, std::int64_t s, int first, int count) {
    const Dense& l = dense_[0];
    T* rows = x_[thread].get() + std::ptrdiff_t(first) * l.ldk;
    const T scale = T(d_.scale), offset = T(d_.offset);
    for (int r = 0; r < count; ++r) {
      const T* from = static_cast<const T*>(job_.batches.x) + record_at(s * d_.batch_size + first + r) * l.K;
      T* to = rows + std::ptrdiff_t(r) * l.ldk;
      if (scale == 1 && offset == 0) std::memcpy(to, from, sizeof(T) * l.K);
      else
        for (int k = 0; k < l.K; ++k) to[k] = from[k] * scale + offset;
      if (job_.mode != Mode::predict && d_.layers[0].dropout > 0) drop(0, s, first + r, to, to, {0, l.K});
    }
    if (job_.mode != Mode::predict) transpose(rows, l.ldk, xt_[thread].get() + first, l.ldb, count, l.K);
  }

  // ---- dropout
  // keep[j] is 1 / (1 - rate) or 0, a function of the key, the step, the layer, the record's place and the unit.
  struct Keep {
    std::uint32_t key_1, key_2, limit;
    T scale;
    T operator()(int unit) const { return mixed(mixed(std::uint32_t(unit) ^ key_1) + key_2) >= limit ? scale : T(0); }
  };
  Keep keep(std::size_t layer, std::int64_t s, int r) const {
    const double rate = d_.layers[layer].dropout;
    const std::uint32_t place = mixed(std::uint32_t(s) * 0x9e3779b9U + std::uint32_t(layer)) + std::uint32_t(r);
    return {mixed(std::uint32_t(job_.key) ^ place), mixed(std::uint32_t(job_.key >> 32) + place),
            std::uint32_t(rate * 4294967296.0), T(1 / (1 - rate))};
  }
  void drop(std::size_t layer, std::int64_t s, int r, const T* from, T* to, Range units) const {
    const Keep kept = keep(layer, s, r);
    for (int j = units.begin; j < units.end; ++j) to[j] = from[j] * kept(j);
  }

  // ---- forward
  const T* inputs(std::size_t i) const {  // of layer i > 0, a record a row
    return dense_[i].dropped && job_.mode != Mode::predict ? dense_[i].dropped.get() : dense_[i - 1].h.get();
  }

  template <class F>
  void with_rows(std::size_t i, int thread, const F& f) const {
    if (i > 0) f(Floats<T>{inputs(i), dense_[i].ldk});
    else if (d_.bytes) f(Bytes<T>{xb_[thread].get(), std::ptrdiff_t(kBlock) * d_.batch_size, kBlock, T(d_.scale)});
    else f(Floats<T>{x_[thread].get(), dense_[0].ldk});
  }
  template <class F>
  void with_columns(std::size_t i, int thread, const F& f) const {
    if (i > 0) f(Floats<T>{dense_[i].inputs_t.get(), dense_[i].ldb});
    else if (d_.bytes) f(Bytes<T>{xbt_[thread].get(), std::ptrdiff_t(lit_by_) * features_, lit_by_, T(d_.scale)});
    else f(Floats<T>{xt_[thread].get(), dense_[0].ldb});
  }

  void forward(int thread, std::int64_t s, int n) {
    if (penalised_) penalties(thread);
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      Dense& l = dense_[i];
      if (i > 0 && (l.by_columns || dense_[i - 1].by_columns)) team_.barrier().wait();
      const Range rows = l.by_columns ? Range{0, n} : share(n, d_.threads, thread);
      const int owner = l.by_columns ? thread : -1;
      const T* bias = l.bias[0].get();
      with_rows(i, thread, [&](const auto& a) {
        l.cut.each(owner, [&](const Panel& p, auto J) {
          T* z = l.z.get() + p.column;
          panel<T, J>(a, rows.begin, rows.end, l.K, l.kernel[0].get() + p.offset, J * kWidth<T>, z, l.ld, bias ? bias + p.column : nullptr,
                      [&](int r, int j0, auto& acc) {
                        T* to = z + std::ptrdiff_t(r) * l.ld + j0 * kWidth<T>;
                        for (int j = 0; j < kCount<decltype(acc)>; ++j) store(to + j * kWidth<T>, acc[j]);
                      });
          if (l.by_columns) finish(i, s, rows, {p.column, p.column + l.cut.width(p)});
        });
      });
      if (!l.by_columns) finish(i, s, rows, {0, l.N});
    }
  }

  // Activation of layer i, dropout of its outputs, and their transpose, for the next layer.
  void finish(std::size_t i, std::int64_t s, Range rows, Range units) {
    const Dense& l = dense_[i];
    const Layer& layer = d_.layers[i];
    const T slope = T(layer.slope);
    const bool ends = i + 1 == dense_.size(), learns = job_.mode != Mode::predict;
    for (int r = rows.begin; r < rows.end; ++r) {
      const T* z = l.z.get() + std::ptrdiff_t(r) * l.ld;
      T* h = l.h.get() + std::ptrdiff_t(r) * l.ld;
      if (layer.activation == Activation::relu)  // the usual one, without the switch
        for (int j = units.begin; j < units.end; j += kWidth<T>) store(h + j, maximum<T>(Vec<T>{}, load(z + j)));
      else
        for (int j = units.begin; j < units.end; j += kWidth<T>)
          store(h + j, activate<T>(layer.activation, load(z + j), slope));
      if (layer.activation == Activation::softmax) softmax(h, l.N);
      if (ends && !d_.output_scale.empty())
        for (int j = units.begin; j < units.end; ++j) h[j] = h[j] * T(d_.output_scale[j]) + T(d_.output_offset[j]);
      if (!ends && learns && dense_[i + 1].dropped)
        drop(i + 1, s, r, h, dense_[i + 1].dropped.get() + std::ptrdiff_t(r) * l.ld, units);
    }
    if (ends || !learns) return;
    const Dense& next = dense_[i + 1];
    transpose(inputs(i + 1) + std::ptrdiff_t(rows.begin) * next.ldk + units.begin, next.ldk,
              next.inputs_t.get() + std::ptrdiff_t(units.begin) * next.ldb + rows.begin, next.ldb, rows.size(), units.size());
  }

  void emit(std::int64_t s, Range rows) const {
    const Dense& l = dense_.back();
    for (int r = rows.begin; r < rows.end; ++r)
      for (int j = 0; j < l.N; ++j)
        job_.outputs[(s * d_.batch_size + r) * l.N + j] = float(l.h.get()[std::ptrdiff_t(r) * l.ld + j]);
  }

  // ---- loss and backward
  void backward(int thread, std::int64_t s, int n, Range mine) {
    bool by_columns = false;  // how the slopes that come next were made
    for (std::size_t i = dense_.size() - 1; i > 0; --i) {
      const Dense& l = dense_[i];
      if (l.back_by_columns || by_columns) team_.barrier().wait();
      by_columns = l.back_by_columns;
      slopes(i, s, by_columns ? Range{0, n} : mine, by_columns ? thread : -1);
    }
  }

  void losses(std::int64_t s, Range rows, int n) {
    const Dense& l = dense_.back();
    const Layer& layer = d_.layers.back();
    const bool sparse = d_.loss == Loss::sparse_crossentropy;
    const Targets<T> targets{sparse ? static_cast<const std::int32_t*>(job_.batches.targets) : nullptr,
                             sparse ? nullptr : static_cast<const T*>(job_.batches.targets), d_.label_smoothing, d_.loss};
    for (int r = rows.begin; r < rows.end; ++r) {
      const std::int64_t record = record_at(s * d_.batch_size + r);
      const T* y = l.h.get() + std::ptrdiff_t(r) * l.ld;
      T* d = l.slope.get() + std::ptrdiff_t(r) * l.ld;
      const T loss = loss_of<T>(d_.loss, d_.from_logits, layer.activation, T(layer.slope), targets, record,
                                l.z.get() + std::ptrdiff_t(r) * l.ld, y, d, l.N);
      const T weight = job_.batches.weights ? T(job_.batches.weights[record]) : T(1);
      loss_.get()[r] = loss * weight;
      const T share_of_batch = weight / n;
      if (!d_.output_scale.empty())
        for (int j = 0; j < l.N; ++j) d[j] *= T(d_.output_scale[j]);
      for (int j = 0; j < l.N; ++j) d[j] *= share_of_batch;
      for (int j = l.N; j % kWidth<T>; ++j) d[j] = 0;
      hit_.get()[r] = hit(targets, record, y, l.N);
    }
  }
  static bool hit(const Targets<T>& targets, std::int64_t record, const T* y, int n) {
    int best = 0, wanted = 0;
    for (int j = 1; j < n; ++j) best = y[j] > y[best] ? j : best;
    if (targets.classes) return best == targets.label(record);
    const T* t = targets.values + record * n;
    for (int j = 1; j < n; ++j) wanted = t[j] > t[wanted] ? j : wanted;
    return best == wanted;
  }

  // slope of layer i - 1 from that of layer i: times the kernel's transpose, the dropout and the activation's derivative.
  void slopes(std::size_t i, std::int64_t s, Range rows, int owner) {
    const Dense& l = dense_[i];
    const Dense& to = dense_[i - 1];
    const Layer& before = d_.layers[i - 1];
    const T slope = T(before.slope);
    const bool drops = d_.layers[i].dropout > 0;
    l.cut_t.each(owner, [&](const Panel& p, auto J) {
      const int c = p.column;
      panel<T, J>(Floats<T>{l.slope.get(), l.ld}, rows.begin, rows.end, l.N, l.transposed.get() + p.offset, J * kWidth<T>,
                  to.slope.get() + c, to.ld, nullptr, [&](int r, int j0, auto& acc) {
                    constexpr int vectors = kCount<decltype(acc)>;
                    const int first = c + j0 * kWidth<T>;
                    const std::ptrdiff_t at_r = std::ptrdiff_t(r) * to.ld + first;
                    if (drops) {
                      const Keep kept = keep(i, s, r);
                      for (int j = 0; j < vectors; ++j)
                        for (int w = 0; w < kWidth<T>; ++w) acc[j][w] *= kept(first + j * kWidth<T> + w);
                    }
                    if (before.activation == Activation::relu) {
                      for (int j = 0; j < vectors; ++j) {
                        const Vec<T> h = load(to.h.get() + at_r + j * kWidth<T>);
                        store(to.slope.get() + at_r + j * kWidth<T>, h > Vec<T>{} ? acc[j] : Vec<T>{});
                      }
                      return;
                    }
                    for (int j = 0; j < vectors; ++j) {
                      const std::ptrdiff_t p = at_r + j * kWidth<T>;
                      store(to.slope.get() + p, acc[j] * slope_at<T>(before.activation, load(to.z.get() + p), load(to.h.get() + p), slope));
                    }
                  });
    });
    if (before.activation == Activation::softmax)
      for (int r = rows.begin; r < rows.end; ++r)
        softmax_back(to.slope.get() + std::ptrdiff_t(r) * to.ld, to.h.get() + std::ptrdiff_t(r) * to.ld, to.N);
  }

  // ---- update
  void learn(int thread, std::int64_t s, int n) {
    Step<T> step(d_.optimizer, job_.rates[s], job_.corrections + 2 * s);
    if (d_.optimizer.global_clipnorm > 0) {
      keep_gradients(thread, n);
      step.clip = clip(thread);
    }
    for (std::size_t i = dense_.size(); i-- > 0;) {
      learn(i, thread, n, step);
    }
  }

  // A kernel that is not divided by columns is updated by the threads that have the fewest columns of the others.
  Range kernel_rows(const Dense& l, int thread) const {
    if (l.by_columns) return {0, l.K};
    return light_[thread] < 0 ? Range{0, 0} : share(l.K, light_threads_, light_[thread]);
  }
  bool has_bias_of(const Dense& l, int thread) const {
    return l.bias[0] && (l.by_columns || light_[thread] == light_threads_ - 1);
  }

  Extras<T> extras(std::size_t i, bool kernel, const Step<T>& step) const {
    const Layer& l = d_.layers[i];
    const bool decays = kernel ? l.kernel_decays : l.bias_decays;
    return {T(kernel ? l.kernel_l1 : l.bias_l1), T(kernel ? l.kernel_l2 : l.bias_l2),
            decays ? T(d_.optimizer.weight_decay) * step.rate : T(0)};
  }

  template <int J>
  [[gnu::always_inline]] static void adam_row(const Step<T>& step, const Vec<T> (&g)[J], T* p, T* a, T* b) {
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) update<T, Rule::adam>(step, g[j], p + j * kWidth<T>, a, b, j * kWidth<T>);
  }
  // Every other case, vector by vector: not inlined, because each of the products would get a copy.
  [[gnu::noinline]] void update_vector(const Step<T>& step, const Extras<T>& extra, bool penalised_already, Vec<T> g, T* p, T* a,
                                       T* b, std::ptrdiff_t slot) const {
    if (!penalised_already) g += penalty_slope<T>(load(p), extra);
    g *= step.clip;
    store(p, load(p) - load(p) * extra.decay);
    switch (d_.optimizer.rule) {
      case Rule::adam: return update<T, Rule::adam>(step, g, p, a, b, slot);
      case Rule::sgd: return update<T, Rule::sgd>(step, g, p, a, b, slot);
      case Rule::rmsprop: return update<T, Rule::rmsprop>(step, g, p, a, b, slot);
    }
  }

  void learn(std::size_t i, int thread, int n, const Step<T>& step) {
    const Dense& l = dense_[i];
    const Range rows = kernel_rows(l, thread);
    const bool clipped = d_.optimizer.global_clipnorm > 0;
    const Extras<T> kernel = extras(i, true, step), bias = extras(i, false, step);
    const bool plain = d_.optimizer.rule == Rule::adam && !clipped && !kernel.any();
    T* const kernel_of = l.kernel[0].get();
    T* const slot_a = l.kernel[1].get();
    T* const slot_b = l.kernel[2].get();
    l.cut.each(l.by_columns ? thread : -1, [&](const Panel& panel_of, auto J) {
      const int c = panel_of.column;
      T* const g = l.gradient ? l.gradient.get() + panel_of.offset : nullptr;
      const auto apply = [&](int k, int j0, auto& acc) {
        constexpr int vectors = kCount<decltype(acc)>;
        const std::ptrdiff_t at_k = panel_of.offset + (std::ptrdiff_t(k) * J + j0) * kWidth<T>;
        T* const p = kernel_of + at_k;
        T* const a = slot_a ? slot_a + at_k : nullptr;
        T* const b = slot_b ? slot_b + at_k : nullptr;
        if (plain) {
          adam_row(step, acc, p, a, b);
        } else {
          for (int j = 0; j < vectors; ++j)
            update_vector(step, kernel, clipped, acc[j], p + j * kWidth<T>, a, b, j * kWidth<T>);
        }
      };
      if (clipped) {
        for (int k = rows.begin; k < rows.end; ++k) {
          Vec<T> acc[decltype(J)::value];
          for (int j = 0; j < J; ++j) acc[j] = load(g + (std::ptrdiff_t(k) * J + j) * kWidth<T>);
          apply(k, 0, acc);
        }
      } else {
        with_columns(i, thread, [&](const auto& a) {
          panel<T, J>(a, rows.begin, rows.end, n, l.slope.get() + c, l.ld, g, J * kWidth<T>, nullptr, apply);
        });
      }
      if (has_bias_of(l, thread))
        for (int j = 0; j < J; ++j) {
          const int p = c + j * kWidth<T>;
          const Vec<T> sum = clipped ? load(l.bias_gradient.get() + p) : column_sum(l, p, n);
          update_vector(step, bias, clipped, sum, l.bias[0].get() + p, l.bias[1].get(), l.bias[2].get(), p);
        }
      if (i > 0) transpose_kernel(l, panel_of, rows);
    });
  }

  static Vec<T> column_sum(const Dense& l, int c, int n) {
    Vec<T> sum{};
    for (int r = 0; r < n; ++r) sum += load(l.slope.get() + std::ptrdiff_t(r) * l.ld + c);
    return sum;
  }

  // The gradients of this step, penalties included, into `gradient` and `bias_gradient`.
  void keep_gradients(int thread, int n) {
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      const Dense& l = dense_[i];
      const Range rows = kernel_rows(l, thread);
      const Layer& layer = d_.layers[i];
      const Extras<T> kernel{T(layer.kernel_l1), T(layer.kernel_l2), 0}, bias{T(layer.bias_l1), T(layer.bias_l2), 0};
      l.cut.each(l.by_columns ? thread : -1, [&](const Panel& panel_of, auto J) {
        const int c = panel_of.column;
        T* g = l.gradient.get() + panel_of.offset;
        with_columns(i, thread, [&](const auto& a) {
          panel<T, J>(a, rows.begin, rows.end, n, l.slope.get() + c, l.ld, g, J * kWidth<T>, nullptr, [&](int k, int j0, auto& acc) {
            for (int j = 0; j < kCount<decltype(acc)>; ++j) {
              const std::ptrdiff_t p = (std::ptrdiff_t(k) * J + j0 + j) * kWidth<T>;
              store(g + p, acc[j] + penalty_slope<T>(load(l.kernel[0].get() + panel_of.offset + p), kernel));
            }
          });
        });
        if (has_bias_of(l, thread))
          for (int j = 0; j < J; ++j) {
            const int p = c + j * kWidth<T>;
            store(l.bias_gradient.get() + p, column_sum(l, p, n) + penalty_slope<T>(load(l.bias[0].get() + p), bias));
          }
      });
    }
  }

  // f(row of all kernels and biases counted through, its numbers, how many, layer, kernel?), for this thread's rows.
  template <class F>
  void each_row(int thread, const F& f) const {
    int base = 0;
    for (std::size_t i = 0; i < dense_.size(); base += dense_[i].K + 1, ++i) {
      const Range rows = share(dense_[i].K + 1, d_.threads, thread);
      for (int k = rows.begin; k < rows.end; ++k) f(base + k, i, k);
    }
  }

  // Sums of a row are made whole and added in the order of the rows, so that they do not depend on the threads.
  T clip(int thread) {
    team_.barrier().wait();
    each_row(thread, [&](int row, std::size_t i, int k) {
      const Dense& l = dense_[i];
      double sum = 0;
      const auto add = [&](const T* g, int, int count) {
        for (int j = 0; j < count; ++j) sum += double(g[j]) * g[j];
      };
      if (k < l.K) l.cut.row(l.gradient.get(), k, add);
      else if (l.bias[0]) add(l.bias_gradient.get(), 0, l.N);
      row_sums_.get()[row] = sum;
    });
    team_.barrier().wait();
    double sum = 0;
    for (int i = 0; i < rows_of_kernels_; ++i) sum += row_sums_.get()[i];
    const double norm = std::sqrt(sum), most = d_.optimizer.global_clipnorm;
    return norm > most ? T(most / norm) : T(1);
  }

  void penalties(int thread) {
    each_row(thread, [&](int row, std::size_t i, int k) {
      const Dense& l = dense_[i];
      const Layer& layer = d_.layers[i];
      const double l1 = k < l.K ? layer.kernel_l1 : layer.bias_l1, l2 = k < l.K ? layer.kernel_l2 : layer.bias_l2;
      double sum = 0;
      const auto add = [&](const T* p, int, int count) {
        for (int j = 0; j < count; ++j) sum += l1 * std::abs(double(p[j])) + l2 * double(p[j]) * p[j];
      };
      if (!l1 && !l2) sum = 0;
      else if (k < l.K) l.cut.row(l.kernel[0].get(), k, add);
      else if (l.bias[0]) add(l.bias[0].get(), 0, l.N);
      row_sums_.get()[row] = sum;
    });
  }
};

}  // namespace rowwise::ROWWISE_ISA
