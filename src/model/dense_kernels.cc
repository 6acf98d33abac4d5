#include "model/dense_kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace quern::model {
namespace {

template <class T>
constexpr Bank kBankOf = std::is_same_v<T, double> ? Bank::kDouble : Bank::kFloat;

template <class T>
class Product : public Kernel {
 public:
  Product(std::vector<TermId> terms, const std::vector<double>& weights, size_t width) {
    inputs = std::move(terms);
    outputs = width;
    input_bank = output_bank = kBankOf<T>;
    // Per output, so that one output's weights are read in a row.
    weights_.resize(weights.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      for (size_t o = 0; o < outputs; ++o) {
        weights_[o * inputs.size() + i] = static_cast<T>(weights[i * outputs + o]);
      }
    }
  }
  std::string Name() const override { return "product"; }
  std::string Details() const override {
    return fmt::format("{} x {} matrix of {}", inputs.size(), outputs,
                       sizeof(T) == 8 ? "doubles" : "floats");
  }
  size_t Scratch(size_t) const override { return 0; }

  void Run(const Registers& registers, size_t first_input, size_t first_output,
           std::byte*) const override {
    const size_t stride = registers.stride;
    const T* in = registers.Bank<T>() + first_input * stride;
    T* out = registers.Bank<T>() + first_output * stride;
    for (size_t o = 0; o < outputs; ++o) {
      const T* weights = weights_.data() + o * inputs.size();
      if (stride == 1) {
        out[o] = Dot(in, weights, inputs.size());
        continue;
      }
      T* sums = out + o * stride;
      std::fill(sums, sums + stride, T{0});
      for (size_t i = 0; i < inputs.size(); ++i) {
        const T weight = weights[i];
        const T* x = in + i * stride;
        for (size_t r = 0; r < stride; ++r) sums[r] += x[r] * weight;
      }
    }
  }

 private:
  /// Four sums that do not wait for each other.
  static T Dot(const T* a, const T* b, size_t count) {
    T sums[4] = {0, 0, 0, 0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
      for (size_t k = 0; k < 4; ++k) sums[k] += a[i + k] * b[i + k];
    }
    for (; i < count; ++i) sums[0] += a[i] * b[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
  std::vector<T> weights_;
};

template <class T>
class Softmax : public Kernel {
 public:
  explicit Softmax(std::vector<TermId> terms) {
    inputs = std::move(terms);
    outputs = inputs.size();
    input_bank = output_bank = kBankOf<T>;
  }
  std::string Name() const override { return "softmax"; }
  std::string Details() const override { return fmt::format("{} scores", outputs); }
  size_t Scratch(size_t) const override { return 0; }

  void Run(const Registers& registers, size_t first_input, size_t first_output,
           std::byte*) const override {
    const size_t stride = registers.stride;
    for (size_t r = 0; r < registers.rows; ++r) {
      const T* in = registers.Bank<T>() + first_input * stride + r;
      T* out = registers.Bank<T>() + first_output * stride + r;
      T most = -std::numeric_limits<T>::infinity();
      for (size_t i = 0; i < outputs; ++i) most = std::max(most, in[i * stride]);
      T sum = 0;
      for (size_t i = 0; i < outputs; ++i) {
        out[i * stride] = std::exp(in[i * stride] - most);
        sum += out[i * stride];
      }
      for (size_t i = 0; i < outputs; ++i) out[i * stride] /= sum;
    }
  }
};

template <class T>
class ArgMax : public Kernel {
 public:
  explicit ArgMax(std::vector<TermId> terms) {
    inputs = std::move(terms);
    outputs = 1;
    input_bank = kBankOf<T>;
    output_bank = Bank::kInteger;
  }
  std::string Name() const override { return "argmax"; }
  std::string Details() const override { return fmt::format("of {} scores", inputs.size()); }
  int64_t Below(size_t) const override { return static_cast<int64_t>(inputs.size()); }
  size_t Scratch(size_t) const override { return 0; }

  void Run(const Registers& registers, size_t first_input, size_t first_output,
           std::byte*) const override {
    const size_t stride = registers.stride;
    for (size_t r = 0; r < registers.rows; ++r) {
      const T* in = registers.Bank<T>() + first_input * stride + r;
      size_t best = 0;
      for (size_t i = 1; i < inputs.size(); ++i) {
        if (in[i * stride] > in[best * stride]) best = i;
      }
      registers.integers[first_output * stride + r] = static_cast<int64_t>(best);
    }
  }
};

using Points = std::vector<std::shared_ptr<const std::vector<double>>>;

class Nearest : public Kernel {
 public:
  Nearest(std::vector<TermId> terms, Points points, size_t k) : points_(std::move(points)), k_(k) {
    inputs = std::move(terms);
    outputs = 2 * k;
  }
  std::string Name() const override { return "nearest"; }
  std::string Details() const override {
    return fmt::format("{} of {} points in {} dimensions", k_, points_.front()->size(),
                       inputs.size());
  }
  int64_t Below(size_t output) const override {
    return output < k_ ? -1 : static_cast<int64_t>(points_.front()->size());
  }
  size_t Scratch(size_t) const override { return points_.front()->size() * sizeof(double); }

  void Run(const Registers& registers, size_t first_input, size_t first_output,
           std::byte* scratch) const override {
    const size_t stride = registers.stride;
    const size_t count = points_.front()->size();
    auto* distance = reinterpret_cast<double*>(scratch);
    for (size_t r = 0; r < registers.rows; ++r) {
      const double* in = registers.doubles + first_input * stride + r;
      for (size_t f = 0; f < inputs.size(); ++f) {
        const double x = in[f * stride];
        const double* known = points_[f]->data();
        if (f == 0) {
          for (size_t p = 0; p < count; ++p) distance[p] = (x - known[p]) * (x - known[p]);
        } else {
          for (size_t p = 0; p < count; ++p) distance[p] += (x - known[p]) * (x - known[p]);
        }
      }
      Choose(distance, count, stride, registers.doubles + first_output * stride + r);
    }
  }

 private:
  /// A sorted list of the k best, filled point by point: k is small.
  void Choose(const double* distance, size_t count, size_t stride, double* out) const {
    size_t size = 0;
    for (size_t p = 0; p < count; ++p) {
      const double d = distance[p];
      if (size == k_ && !(d < out[(k_ - 1) * stride])) continue;
      size_t at = size < k_ ? size++ : k_ - 1;
      for (; at > 0 && d < out[(at - 1) * stride]; --at) {
        out[at * stride] = out[(at - 1) * stride];
        out[(k_ + at) * stride] = out[(k_ + at - 1) * stride];
      }
      out[at * stride] = d;
      out[(k_ + at) * stride] = static_cast<double>(p);
    }
  }
  Points points_;
  size_t k_;
};

}  // namespace

std::unique_ptr<Kernel> MakeProduct(Bank bank, std::vector<TermId> inputs,
                                    std::vector<double> weights, size_t outputs) {
  if (bank == Bank::kFloat) {
    return std::make_unique<Product<float>>(std::move(inputs), weights, outputs);
  }
  return std::make_unique<Product<double>>(std::move(inputs), weights, outputs);
}

std::unique_ptr<Kernel> MakeSoftmax(Bank bank, std::vector<TermId> inputs) {
  if (bank == Bank::kFloat) return std::make_unique<Softmax<float>>(std::move(inputs));
  return std::make_unique<Softmax<double>>(std::move(inputs));
}

std::unique_ptr<Kernel> MakeArgMax(Bank bank, std::vector<TermId> inputs) {
  if (bank == Bank::kFloat) return std::make_unique<ArgMax<float>>(std::move(inputs));
  return std::make_unique<ArgMax<double>>(std::move(inputs));
}

std::unique_ptr<Kernel> MakeNearest(std::vector<TermId> inputs,
                                    std::vector<std::shared_ptr<const std::vector<double>>> points,
                                    size_t k) {
  return std::make_unique<Nearest>(std::move(inputs), std::move(points), k);
}

}  // namespace quern::model
