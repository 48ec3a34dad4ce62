// What is found out about bits that the model does not promise.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace python {

/// Outputs and gradients at the input of one batch.
struct Numbers {
    std::vector<float> outputs, gradients;
};

/// The largest difference as a share of the largest magnitude; 0: the same bits. NaN counts as
/// infinite.
double difference(const std::vector<float> &a, const std::vector<float> &b);

/// How a batch differs from itself when it is repeated, and when it is passed in halves.
struct Exactness {
    std::int64_t rows = 0;
    double repeated = 0, halved = 0;

    bool exact() const { return repeated == 0 && halved == 0; }
    /// A sentence without its full stop.
    std::string text() const;
};

Exactness compare(std::int64_t rows, const Numbers &first, const Numbers &again,
                  const Numbers &halves);

}  // namespace python
