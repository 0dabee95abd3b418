package kernel

import "math"

// crossEntropy is the plain Go form of Set.CrossEntropy: it computes the softmax
// cross-entropy of the first len(labels) rows of the logits z against the class
// indices, with label smoothing eps: the target is 1-eps+eps/K for the label and eps/K for the other of the K classes
// (Szegedy et al. 2016). It returns the mean loss over the rows and how many
// rows have their largest logit at the label (ties go to the lowest class). If
// dz has data it receives the gradient of the mean loss with respect to z, zero
// in the padding.
// Its logarithms and powers are float64.
func crossEntropy(dz, z Matrix, labels []uint8, eps float64) (loss float64, correct int) {
	off := float32(eps / float64(z.Cols))
	inv := float32(1 / float64(len(labels)))
	for i, label := range labels {
		top, argmax := float32(math.Inf(-1)), 0
		for p := range z.Panels() {
			zp, stride, cols := z.Panel(p)
			for j, v := range zp[i*stride:][:cols] {
				if v > top || v != v { // NaN wins, so that it reaches the loss
					top, argmax = v, p*PanelWidth+j
				}
			}
		}
		sum, spread := 0.0, 0.0 // of e^(z-top), of z-top
		for p := range z.Panels() {
			zp, stride, cols := z.Panel(p)
			for _, v := range zp[i*stride:][:cols] {
				d := float64(v) - float64(top)
				sum += math.Exp(d)
				spread += d
			}
		}
		logSum := math.Log(sum)
		loss += logSum - (1-eps)*(float64(z.At(i, int(label)))-float64(top))
		if eps > 0 {
			loss -= eps / float64(z.Cols) * spread
		}
		if argmax == int(label) {
			correct++
		}
		if dz.Data == nil {
			continue
		}
		for p := range z.Panels() {
			zp, stride, cols := z.Panel(p)
			dzp, _, _ := dz.Panel(p)
			d := dzp[i*stride : i*stride+stride]
			for j, v := range zp[i*stride:][:cols] {
				d[j] = (float32(math.Exp(float64(v)-float64(top)-logSum)) - off) * inv
			}
			clear(d[cols:])
		}
		dz.Set(i, int(label), dz.At(i, int(label))-float32(1-eps)*inv)
	}
	return loss / float64(len(labels)), correct
}
