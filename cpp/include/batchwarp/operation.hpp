// What an operation says of itself. Everybody reads it there: the plan, the batch, the reference,
// the CUDA kernels, the tests and, by way of the bindings, Python. Kernel files include it, so
// there is nothing of the standard library in it.
#pragma once

#include <math.h>

namespace batchwarp {

/// Where on an image's way an operation acts.
enum class Scope : unsigned char {
    coordinates,  ///< moves pixels; all of them together are one warp
    pixel,        ///< changes each pixel by itself, once it is where it belongs
    store,        ///< scales values on their way to the target; all of them together do so once
};

inline constexpr const char* scope_names[] = {"coordinates", "pixel", "store"};

/// What an operation has to know of the whole image, at the step that it is.
struct Needs {
    bool range = false;          ///< the smallest and the largest value
    bool moments = false;        ///< mean and standard deviation, over all channels
    bool channel_range = false;  ///< the smallest and the largest value of each channel
    bool histogram = false;      ///< how often each of 256 levels is there, for each channel
    bool mean_grey = false;      ///< the mean of grey; without three channels, of all values
    bool neighbours = false;     ///< pixels beside the one that is made

    /// Whether a part of an image cannot be made without the rest.
    constexpr bool whole_image() const noexcept {
        return range || moments || channel_range || histogram || mean_grey || neighbours;
    }
};

/// The neutral value of a parameter for which no number means "leave it".
inline constexpr double not_applied = NAN;

/// One of the parameters that differ from image to image.
struct Column {
    const char* name = nullptr;
    double neutral = 0;        ///< with it in all of its columns, an operation changes nothing
    double low = 0, high = 0;  ///< what people train with; tests draw from it
};

/// One of the settings that a plan fixes for all images.
struct Setting {
    /// `numbers`: as many as the operation makes sense of, none if it was not given.
    enum Kind : unsigned char { flag, number, numbers, per_channel };

    const char* name = nullptr;
    Kind kind = flag;
    double neutral = 0;    ///< that of a number
    bool divides = false;  ///< and so must not be zero
};

struct Description {
    const char* name;
    Scope scope;
    Needs needs = {};
    Column columns[8] = {};    ///< those without a name do not count
    Setting settings[6] = {};  ///< nor do these
    bool keras = false;        ///< Keras' own, which comes before all others
    bool sets_size = false;    ///< of the image, by its settings; it is done to every image
    bool displaces = false;    ///< each pixel by its own; a plan has one such step
    bool colors = false;       ///< makes sense of red, green and blue only
    bool greys = false;        ///< and of one channel
    bool on_devices = false;   ///< CUDA kernels know it, too

    constexpr int column_count() const noexcept { return count(columns); }
    constexpr int setting_count() const noexcept { return count(settings); }

    /// Whether it can be done to images of so many channels.
    constexpr bool takes(long long channels) const noexcept {
        return !colors || channels == 3 || (greys && channels == 1);
    }

    /// Whether the parameters in `row`, one for each column, change anything.
    constexpr bool applies(const double* row) const noexcept {
        if (sets_size) return true;
        for (const Column& column : columns) {
            if (column.name == nullptr) break;
            const double value = *row++, neutral = column.neutral;
            if (neutral == neutral ? value != neutral : value == value) return true;
        }
        return false;
    }

  private:
    template <class T, int n>
    static constexpr int count(const T (&named)[n]) noexcept {
        int i = 0;
        while (i < n && named[i].name != nullptr) ++i;
        return i;
    }
};

}  // namespace batchwarp
