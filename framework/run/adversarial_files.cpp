#include "run/adversarial_files.hpp"

#include "base/failure.hpp"
#include "run/npz.hpp"
#include "run/run_files.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>
#include <system_error>

namespace spar::host {
namespace {

/// Rows of floats from the log, as a stream of bytes that is read in order.
class Rows {
  public:
    Rows(const ExamplesLog &log, const std::vector<std::int64_t> &places, std::int64_t width)
        : log_(log), places_(places), row_(static_cast<std::size_t>(width)) {}

    void operator()(std::uint64_t offset, std::span<std::byte> to) {
        const std::uint64_t row_bytes = row_.size() * sizeof(float);
        while (!to.empty()) {
            const auto row = static_cast<std::size_t>(offset / row_bytes);
            const auto inside = static_cast<std::size_t>(offset % row_bytes);
            if (row != loaded_) log_.read(places_[row], row_);
            loaded_ = row;
            const std::size_t size = std::min<std::size_t>(to.size(), row_bytes - inside);
            std::memcpy(to.data(), reinterpret_cast<const std::byte *>(row_.data()) + inside, size);
            to = to.subspan(size);
            offset += size;
        }
    }

  private:
    const ExamplesLog &log_;
    const std::vector<std::int64_t> &places_;
    std::vector<float> row_;
    std::size_t loaded_ = static_cast<std::size_t>(-1);
};

}  // namespace

AdversarialFiles::AdversarialFiles(std::filesystem::path folder, std::vector<std::int64_t> shape,
                                   const ExamplesLog &log, bool compressed)
    : folder_(std::move(folder)), shape_(std::move(shape)), log_(log), compressed_(compressed) {
    try {
        thread_ = std::thread([this] { work(); });
    } catch (const std::system_error &) {
        throw Failure(Exit::resources, "the system starts no thread to write adversarial examples");
    }
}

AdversarialFiles::~AdversarialFiles() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        jobs_.clear();
    }
    changed_.notify_all();
    thread_.join();
}

void AdversarialFiles::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        const std::function<void()> job = std::move(jobs_.front());
        jobs_.pop_front();
        busy_ = true;
        lock.unlock();
        std::exception_ptr failure;
        try {
            job();
        } catch (...) {
            failure = std::current_exception();
        }
        lock.lock();
        busy_ = false;
        if (failure) {  // keep the first; later ones would fail for the same reason
            if (!failure_) failure_ = failure;
            jobs_.clear();
        }
        changed_.notify_all();
    }
}

void AdversarialFiles::add(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        if (failure_) std::rethrow_exception(failure_);
        jobs_.push_back(std::move(job));
    }
    changed_.notify_all();
}

void AdversarialFiles::make(const std::string &name, std::int64_t attack,
                            AdversarialColumns columns) {
    // Looks up the places of the rows now, because the log keeps growing.
    std::vector<std::int64_t> places;
    for (std::int64_t row = 0; row < std::ssize(columns.indices); ++row) {
        const bool attacked = log_.find(attack, row) != nullptr;
        places.push_back(log_.place_of(attacked ? attack : -1, row));
    }
    add([this, name, attack, columns = std::move(columns), places = std::move(places)] {
        write(name, attack, columns, places);
    });
}

void AdversarialFiles::write(const std::string &name, std::int64_t attack,
                             const AdversarialColumns &columns,
                             const std::vector<std::int64_t> &places) const {
    const std::int64_t examples = std::ssize(columns.indices);
    std::vector<std::int64_t> shape{examples};
    shape.insert(shape.end(), shape_.begin(), shape_.end());
    const std::int64_t width =
        std::accumulate(shape_.begin(), shape_.end(), std::int64_t{1}, std::multiplies<>());
    std::vector<NpzArray> arrays;
    arrays.push_back({attack < 0 ? "x" : "x_adv", "<f4", shape, {}, Rows(log_, places, width)});
    const auto add_column = [&](const char *column, const char *type, const auto &values) {
        if (!values.empty())
            arrays.push_back({column, type, {examples}, std::as_bytes(std::span(values)), nullptr});
    };
    add_column("y", "<i8", columns.labels);
    add_column("index", "<i8", columns.indices);
    add_column("target", "<i8", columns.targets);
    add_column("success", "|b1", columns.success);
    save_npz(folder_ / (name + run_files::arrays), arrays, compressed_);
}

void AdversarialFiles::sync_log() {
    add([this] { log_.sync(); });
}

void AdversarialFiles::finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !busy_ && jobs_.empty(); });
    if (failure_) std::rethrow_exception(failure_);
}

}  // namespace spar::host
